/** Whether it can be one name of an environment variable: a list that was written as one text is none. */
export function isVariableName(text: string): boolean {
  return /^[^\s,=\0]+$/.test(text)
}
