/** A deliberate fault: text of one source file of core that is replaced when it is loaded. */
export interface Patch {
  /** The end of the file's path, with `/`. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

/**
 * The source text with the faults in it.
 * @throws {Error} when one does not fit: a control that no longer fits the code would pass for the wrong reason.
 */
export function putIn(source: string, patches: readonly Patch[]): string {
  return patches.reduce((text, { file, find, replace }) => {
    if (!text.includes(find)) throw new Error(`${file} has no ${JSON.stringify(find)}`)
    return text.replace(find, () => replace)
  }, source)
}
