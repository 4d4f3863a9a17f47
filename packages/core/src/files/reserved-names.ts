/** Names that belong to git and to us, in any directory: never an input, and never an output. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set(['.git', '.taskvault'])
