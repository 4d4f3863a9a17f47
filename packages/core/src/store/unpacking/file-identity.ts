import type { Stats } from 'node:fs'

/** Numbers of one identity: device, inode, size, mtimeMs, ctimeMs and mode, as `lstat` gives them. */
export const IDENTITY_NUMBERS = 6

/** Where an identity goes, or is: among others, in a list without objects. */
export interface IdentityPlace {
  readonly identities: Float64Array
  /** The index of its first number. */
  readonly identityAt: number
}

export function noteIdentity({ identities, identityAt }: IdentityPlace, stats: Stats): void {
  identities[identityAt] = stats.dev
  identities[identityAt + 1] = stats.ino
  identities[identityAt + 2] = stats.size
  identities[identityAt + 3] = stats.mtimeMs
  identities[identityAt + 4] = stats.ctimeMs
  identities[identityAt + 5] = stats.mode
}

export function copyIdentity(source: IdentityPlace, target: IdentityPlace): void {
  for (let index = 0; index < IDENTITY_NUMBERS; index += 1) {
    const value = source.identities[source.identityAt + index] as number
    target.identities[target.identityAt + index] = value
  }
}
