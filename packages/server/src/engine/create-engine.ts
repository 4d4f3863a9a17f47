import { authorize } from '../trust/model/roles.ts'
import { checkBlob } from './blobs/check-blob.ts'
import { confirmUploads, planUploads, signDownload } from './blobs/direct-transfer.ts'
import { createHeldBlobs } from './blobs/held-blobs.ts'
import { findKnownBlobs } from './blobs/known-blobs.ts'
import { headBlob, openBlob } from './blobs/open-blob.ts'
import { storeBlob } from './blobs/store-blob.ts'
import { removeOldUploads, storeUnnamed } from './blobs/store-unnamed.ts'
import { collect } from './collect.ts'
import type { EngineContext } from './engine-context.ts'
import type { EngineOptions, RunningEngine } from './engine-options.ts'
import type { Engine } from './engine.ts'
import { createEntryIds } from './entries/entry-id.ts'
import { readProvenance } from './entries/entry-provenance.ts'
import { findEntry, findEntryByPrefix } from './entries/find-entry.ts'
import { invalidateEntries, removeEntry } from './entries/invalidate-entries.ts'
import { listEntries, showEntry } from './entries/list-entries.ts'
import { publishEntry } from './entries/publish-entry.ts'
import { quarantineEntries } from './entries/quarantine-entries.ts'
import { checkHealth, markObjects } from './health.ts'
import { readStats } from './read-stats.ts'
import { startRepeating } from './repeat.ts'
import { createRestoreLog } from './restore-log.ts'
import { createTenantPolicies } from './tenants.ts'
import { createUseCounts } from './use-counts.ts'

/**
 * An engine over a database and a store of objects; any number of them may share both. It writes counts
 * down and collects by itself until it is closed; it closes neither database nor objects.
 * @throws {TaskVaultError} what the store of objects refuses: it is asked once.
 */
export async function createEngine(options: EngineOptions): Promise<RunningEngine> {
  const { database, quick } = options.database
  await markObjects(options.objects)
  await removeOldUploads(options.temporaryDirectory, Date.now() - options.times.uploadMs)
  const context: EngineContext = {
    ...options,
    database,
    tenants: createTenantPolicies(database, options),
    uses: createUseCounts(quick, options.now),
    held: createHeldBlobs(database),
    restores: createRestoreLog(quick),
    nextEntryId: createEntryIds(options.now),
  }
  const { times, report } = options
  const jobs = [
    startRepeating({
      everyMs: times.countMs,
      work: async () => await context.uses.flush(),
      onTrouble: (error) => report({ kind: 'trouble', doing: 'write counts down', error }),
    }),
    startRepeating({
      // Often enough that a reader's lease is renewed several times before it ends.
      everyMs: Math.max(times.leaseMs / 4, 1_000),
      work: async () => void (await collect(context)),
      onTrouble: (error) => report({ kind: 'trouble', doing: 'collect', error }),
    }),
  ]
  return {
    ...blobMethods(context),
    ...entryMethods(context),
    checkHealth: async () => await checkHealth(database, options.objects),
    collect: async () => await collect(context),
    flush: async () => await context.uses.flush(),
    async [Symbol.asyncDispose]() {
      for (const job of jobs) await job[Symbol.asyncDispose]()
      await context.uses.flush().catch((error: unknown) => {
        report({ kind: 'trouble', doing: 'write counts down', error })
      })
    },
  }
}

type BlobMethods = Pick<
  Engine,
  | 'findMissing'
  | 'planUploads'
  | 'confirmUploads'
  | 'storeBlob'
  | 'storeUnnamed'
  | 'signDownload'
  | 'openBlob'
  | 'headBlob'
  | 'checkBlob'
>

function blobMethods(context: EngineContext): BlobMethods {
  return {
    async findMissing(who, names) {
      authorize(who, 'blobs:read')
      const known = await findKnownBlobs(context, who, names)
      return [...new Set(names)].filter((name) => !known.has(name))
    },
    planUploads: async (who, blobs) => await planUploads(context, who, blobs),
    confirmUploads: async (who, blobs) => await confirmUploads(context, who, blobs),
    storeBlob: async (who, blob, bytes) => await storeBlob(context, who, { blob, bytes }),
    storeUnnamed: async (who, bytes, limitBytes) =>
      await storeUnnamed(context, who, { bytes, limitBytes }),
    signDownload: async (who, name) => await signDownload(context, who, name),
    openBlob: async (who, name, wanted = {}) => await openBlob(context, who, { name, wanted }),
    headBlob: async (who, name) => await headBlob(context, who, name),
    checkBlob: async (who, name) => await checkBlob(context, who, name),
  }
}

type EntryMethods = Omit<Engine, keyof BlobMethods | 'checkHealth' | keyof AsyncDisposable>

function entryMethods(context: EngineContext): EntryMethods {
  return {
    publish: async (who, entry) => await publishEntry(context, who, entry),
    find: async (who, place) => await findEntry(context, who, place),
    findByPrefix: async (who, place) => await findEntryByPrefix(context, who, place),
    list: async (who, selection) => await listEntries(context, who, selection),
    show: async (who, id) => await showEntry(context, who, id),
    remove: async (who, id) => await removeEntry(context, who, id),
    invalidate: async (who, selection) => await invalidateEntries(context, who, selection),
    stats: async (who) => await readStats(context, who),
    why: async (who, id) => await readProvenance(context, who, id),
    quarantine: async (who, id, because) => await quarantineEntries(context, who, { id, because }),
  }
}
