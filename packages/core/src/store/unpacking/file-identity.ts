import type { Stats } from 'node:fs'

/** What is remembered of a name, as `lstat` gives it. */
export type FileIdentity = Pick<Stats, 'dev' | 'ino' | 'size' | 'mtimeMs' | 'ctimeMs' | 'mode'>

/** Numbers of one identity in a list without objects. */
export const IDENTITY_NUMBERS = 6

/** Writes the identity of file number `index`. */
export function noteIdentity(identities: Float64Array, index: number, file: FileIdentity): void {
  const at = index * IDENTITY_NUMBERS
  identities[at] = file.dev
  identities[at + 1] = file.ino
  identities[at + 2] = file.size
  identities[at + 3] = file.mtimeMs
  identities[at + 4] = file.ctimeMs
  identities[at + 5] = file.mode
}

export function readIdentity(identities: Float64Array, index: number): FileIdentity {
  const at = index * IDENTITY_NUMBERS
  return {
    dev: identities[at] as number,
    ino: identities[at + 1] as number,
    size: identities[at + 2] as number,
    mtimeMs: identities[at + 3] as number,
    ctimeMs: identities[at + 4] as number,
    mode: identities[at + 5] as number,
  }
}
