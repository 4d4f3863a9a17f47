import type { Settings } from '../config/settings.ts'
import { openHashAlgorithm } from '../hashing/hash-algorithm.ts'
import type { Report } from '../model/events.ts'
import { openStore } from '../store/open-store.ts'
import { createStatCacheTable } from '../store/stat-cache-table.ts'
import { readStatistics } from '../store/statistics.ts'
import { createParts } from './open-parts.ts'
import { openResult, readResult } from './read-result.ts'
import { stageEntry } from './restore.ts'
import { saveEntry } from './save.ts'
import type { Vault } from './vault.ts'

export interface OpenOptions {
  readonly settings: Settings
  /** Told of everything that happens; nothing is printed by itself. */
  readonly report?: Report
  /** Milliseconds since 1970; for tests of what time does. */
  readonly now?: () => number
}

/**
 * Opens the vault that the settings name, and creates it when it is not there. A damaged index is
 * rebuilt from the blobs by the way.
 * @throws {TaskVaultError} HASH_ALGORITHM_UNKNOWN, FORMAT_UNSUPPORTED, PERMISSION_DENIED, DISK_FULL,
 * DATABASE_UNAVAILABLE.
 */
export async function openVault(options: OpenOptions): Promise<Vault> {
  const { settings, report = () => {}, now = Date.now } = options
  const algorithm = await openHashAlgorithm(settings.hashAlgorithm)
  const { cacheDirectory } = settings
  const store = await openStore({ cacheDirectory, algorithm, report, now })
  const statCache = createStatCacheTable(store.database)
  const parts = createParts(settings, store, statCache)
  return {
    settings,
    algorithm,
    store,
    statCache,
    save: async (request) => await saveEntry(parts, request),
    stage: async (request) => await stageEntry(parts, request),
    readResult: async (task, work) => await readResult(store, { task, work }),
    openResult: async (task, work) => await openResult(store, { task, work }),
    stats: () => readStatistics(store, settings.maxSizeBytes),
    async [Symbol.asyncDispose]() {
      statCache.flush()
      store[Symbol.dispose]()
    },
  }
}
