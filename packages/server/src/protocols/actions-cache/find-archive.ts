import type { Engine, StoredEntry } from '../../engine/engine.ts'
import type { Principal } from '../../trust/principal.ts'
import { namespaceOf } from './cache-place.ts'

export interface ArchiveQuery {
  readonly version: string
  /** The primary key first, then the restore keys. */
  readonly keys: readonly string[]
}

/**
 * The archive that a job gets. Scope by scope, the own one first: the entry whose key is asked for, else
 * the newest whose key begins with it; the same for each restore key in its turn. So an own entry that
 * only begins with the key goes before an exact one of a more trusted scope, as GitHub's service has it.
 */
export async function findArchive(
  engine: Engine,
  who: Principal,
  { version, keys }: ArchiveQuery,
): Promise<StoredEntry | undefined> {
  const namespace = namespaceOf(version)
  for (const scope of who.reads) {
    const within = { ...who, reads: [scope] }
    for (const key of keys) {
      const exact = await engine.find(within, { namespace, key })
      const found = exact ?? (await engine.findByPrefix(within, { namespace, prefix: key }))
      if (found !== undefined) return found
    }
  }
  return undefined
}

/** Whether the scope that `who` writes has an archive of exactly this key. */
export async function isTaken(
  engine: Engine,
  who: Principal,
  { version, key }: { readonly version: string; readonly key: string },
): Promise<boolean> {
  if (who.writes === undefined) return false
  // No session: to ask whether it is there is not to restore it.
  const within = { ...who, reads: [who.writes], sessionId: undefined }
  return (await engine.find(within, { namespace: namespaceOf(version), key })) !== undefined
}
