/** What the runner lets a job do with GitHub's cache service. */
export interface CacheMode {
  /** As the runner says it, in small letters; empty when it says nothing. */
  readonly word: string
  readonly mayRead: boolean
  readonly mayWrite: boolean
}

const UNREAD: readonly string[] = ['none', 'write-only']
const UNWRITTEN: readonly string[] = ['none', 'read']

/** Unset, or a word that is not known: the service decides. */
export function readCacheMode(env: Readonly<Record<string, string | undefined>>): CacheMode {
  const word = env['ACTIONS_CACHE_MODE']?.trim().toLowerCase() ?? ''
  return { word, mayRead: !UNREAD.includes(word), mayWrite: !UNWRITTEN.includes(word) }
}
