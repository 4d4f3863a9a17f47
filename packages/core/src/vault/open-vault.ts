import type { RemoteSettings } from '../config/remote-settings.ts'
import type { Settings } from '../config/settings.ts'
import { openHashAlgorithm } from '../hashing/open-hash-algorithm.ts'
import type { Report } from '../model/events.ts'
import { openStore } from '../store/open-store.ts'
import { createStatCacheTable } from '../store/stat-cache/stat-cache-table.ts'
import { openMetrics } from './open-metrics.ts'
import { createParts } from './open-parts.ts'
import { openResult, readResult } from './read-result.ts'
import { stageEntry } from './restore.ts'
import { saveEntry } from './save.ts'
import type { RemoteVault, RemoteVaultOptions } from './sharing/remote-vault.ts'
import { createStagings } from './stagings.ts'
import type { Vault } from './vault.ts'

export interface OpenOptions {
  readonly settings: Settings
  /** Told of everything that happens; nothing is printed by itself. */
  readonly report?: Report
  /** Milliseconds since 1970; for tests of what time does. */
  readonly now?: () => number
  /** Where a remote store's credentials are: TASKVAULT_TOKEN, what CI systems set, AWS_… variables. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /**
   * The process ends when the vault is closed. The index may then be left as a killed process leaves
   * it, for the next one to tidy up: that costs less than to tidy up each time.
   */
  readonly endsProcess?: boolean
  /** What is used for as long as the remote store of the settings does not answer. */
  readonly fallback?: RemoteFallback | undefined
}

export interface RemoteFallback {
  /**
   * Its mode, and the keys that its entries must be signed with, are those of the store that it stands in for. Of
   * `timeoutSeconds`, it has what was not lost on that one, and at least a second.
   */
  readonly remote: RemoteSettings
  /** For people. */
  readonly name: string
}

/**
 * Opens the vault that the settings name, or creates it. A damaged index is rebuilt from the blobs on the way.
 * @throws {TaskVaultError} HASH_ALGORITHM_UNKNOWN, FORMAT_UNSUPPORTED, PERMISSION_DENIED, DISK_FULL,
 * DATABASE_UNAVAILABLE.
 */
export async function openVault(options: OpenOptions): Promise<Vault> {
  const { settings, report = () => {}, now = Date.now, endsProcess = false } = options
  const { env = process.env, fallback } = options
  const algorithm = await openHashAlgorithm(settings.hashAlgorithm)
  const { cacheDirectory } = settings
  await using opening = new AsyncDisposableStack()
  const store = opening.use(
    await openStore({ cacheDirectory, algorithm, report, now, endsProcess }),
  )
  const statCache = createStatCacheTable(store.database, algorithm.name)
  const metrics = openMetrics(settings, store)
  opening.defer(() => metrics.publish())
  opening.defer(() => statCache.flush())
  const stagings = opening.use(createStagings())
  const remote =
    settings.remote && (await openRemote({ remote: settings.remote, store, env }, fallback))
  if (remote !== undefined) opening.use(remote)
  // First of all, so that what fails when the remote store is closed fails for a known reason.
  opening.defer(() => stagings.end())
  const parts = createParts(settings, store, { statCache, remote })
  const opened = opening.move()
  return {
    settings,
    algorithm,
    store,
    statCache,
    remote,
    save: async (request) => await saveEntry(parts, request),
    async findArchive(query) {
      return await (await import('./sharing/adopt-archive.ts')).findArchive(parts, query)
    },
    async adoptArchive(adoption) {
      return await (await import('./sharing/adopt-archive.ts')).adoptArchive(parts, adoption)
    },
    stage: async (request) =>
      await stagings.during(async (signal) => await stageEntry(parts, { ...request, signal })),
    readResult: async (task, work) => await readResult(parts, { task, work }),
    openResult: async (task, work) => await openResult(parts, { task, work }),
    stats: () => metrics.read(),
    [Symbol.asyncDispose]: async () => await opened.disposeAsync(),
  }
}

/** Loaded for those who have one: reading what speaks HTTP takes longer than a hit that needs none. */
async function openRemote(
  options: RemoteVaultOptions,
  fallback: RemoteFallback | undefined,
): Promise<RemoteVault> {
  const { createRemoteVault } = await import('./sharing/remote-vault.ts')
  if (fallback === undefined) return createRemoteVault(options)
  const { withFallback } = await import('./sharing/with-fallback.ts')
  const { name: insteadOfIt, remote } = fallback
  const first = createRemoteVault({ ...options, insteadOfIt })
  const { mode, publicKeys } = options.remote
  const other = { ...remote, mode, publicKeys }
  return withFallback(first, createRemoteVault({ ...options, remote: other, standsInFor: first }))
}
