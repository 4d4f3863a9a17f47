import { Refusal } from '../../http/errors/refusal.ts'

/** A cache of GitHub's protocol by its name: `version` tells archives of other paths or compression apart. */
export interface CachePlace {
  readonly version: string
  readonly key: string
}

const MOST_KEY_CHARACTERS = 512
/** GitHub's clients send ten at most. Each is looked up in every scope that the job reads. */
export const MOST_KEYS = 33
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

/**
 * The keys of the protocol's first version: the primary one, and then the restore keys.
 * @throws {TaskVaultError} REQUEST_INVALID when there are too many, or one is none.
 */
export function parseKeys(text: string): readonly string[] {
  const keys = text.split(',', MOST_KEYS + 1)
  if (keys.length > MOST_KEYS) {
    throw new Refusal('REQUEST_INVALID', `A cache is looked for by ${MOST_KEYS} keys at most`)
  }
  return keys.map(parseKey)
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
