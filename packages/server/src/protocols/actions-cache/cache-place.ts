import { Refusal } from '../../http/refusal.ts'

/** A cache of GitHub's protocol by its name: `version` tells archives of other paths or compression apart. */
export interface CachePlace {
  readonly version: string
  readonly key: string
}

const MOST_KEY_CHARACTERS = 512
const VERSION = /^[\w.-]{1,128}$/

/** The namespace that archives of one version lie in. */
export function namespaceOf(version: string): string {
  return `actions:${version}`
}

/**
 * What a client may ask for, in the words of GitHub's own service.
 * @throws {TaskVaultError} REQUEST_INVALID when the key is empty, too long or has a comma, or the
 * version is none.
 */
export function parsePlace(key: unknown, version: unknown): CachePlace {
  if (typeof version !== 'string' || !VERSION.test(version)) {
    throw new Refusal('REQUEST_INVALID', 'The version of a cache is 1 to 128 letters and digits')
  }
  return { version, key: parseKey(key) }
}

export function parseKey(key: unknown): string {
  if (typeof key !== 'string' || key === '' || key.length > MOST_KEY_CHARACTERS) {
    throw new Refusal('REQUEST_INVALID', 'The key of a cache has 1 to 512 characters')
  }
  if (key.includes(',') || /\p{Cc}/u.test(key)) {
    throw new Refusal(
      'REQUEST_INVALID',
      'The key of a cache has no commas and no control characters',
    )
  }
  return key
}
