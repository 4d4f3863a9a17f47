const YES: readonly string[] = ['true', '1', 'yes', 'on']
const NO: readonly string[] = ['false', '0', 'no', 'off']

/** What a variable may say that stands for a yes or a no, in capitals or not. */
export const YES_OR_NO: readonly string[] = [...YES, ...NO]

/** What it says; undefined for any other word, and for none. */
export function parseYesOrNo(text: string | undefined): boolean | undefined {
  const word = text?.trim().toLowerCase() ?? ''
  if (YES.includes(word)) return true
  return NO.includes(word) ? false : undefined
}
