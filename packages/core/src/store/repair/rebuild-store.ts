import { ensureTables } from '../database/schema.ts'
import type { Store } from '../store.ts'
import type { FilledIndex } from './fill-index.ts'
import { rebuildIndex } from './rebuild-index.ts'

/**
 * Rebuilds the index of an open store from its blobs, and goes on with the new one. The former index is
 * kept aside as `cache.db.corrupt-<time>`.
 * @throws {TaskVaultError} as `rebuildIndex` does.
 */
export async function rebuildStore(store: Store): Promise<FilledIndex> {
  const filled = await rebuildIndex(store, 'always')
  store.database.followReplacement()
  ensureTables(store.database)
  return filled ?? { entries: 0, lost: 0 }
}
