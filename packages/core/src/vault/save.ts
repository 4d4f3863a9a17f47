import { TaskVaultError, asTaskVaultError, systemErrorCode } from '../errors.ts'
import { removeFile } from '../files/remove-file.ts'
import type { TaskKey } from '../model/digest.ts'
import { encodingOf } from '../model/fingerprint.ts'
import type { ContentReference, Manifest } from '../model/manifest.ts'
import { blobPath } from '../store/blobs/blob-path.ts'
import { createContentPacker } from '../store/blobs/content-packer.ts'
import { findScattered } from '../store/blobs/find-scattered.ts'
import type { InlineContent, PackedContents } from '../store/blobs/packed-contents.ts'
import { checkReceived } from '../store/blobs/received-packs.ts'
import { refuseToWrite } from '../store/database/refuse-to-write.ts'
import { findEntry } from '../store/entries/entries.ts'
import { writeManifest } from '../store/entries/write-manifest.ts'
import { evictIfNeeded } from '../store/removal/evict.ts'
import { reportTrouble } from '../store/report-trouble.ts'
import { arePaths, attach, collectOutputs } from './collect-outputs.ts'
import type { FoundOutputs } from './collect-outputs.ts'
import { isDamage, openEntry } from './open-entry.ts'
import type { OpenParts } from './open-parts.ts'
import { pushEntry } from './sharing/push-entry.ts'
import type { Pushed } from './sharing/pushed.ts'
import { createSendAhead } from './sharing/send-ahead.ts'
import type { SendAhead } from './sharing/send-ahead.ts'
import type { SaveRequest, SavedEntry, SkippedSave } from './vault.ts'

/** How often a save starts over because a blob that it meant to share is gone, or is one of too many. */
const MAX_ATTEMPTS = 4

/**
 * Saves the outputs of a task: reads what the stat cache does not know, stores what the vault does
 * not hold, and publishes the entry in one transaction. Without it, nothing can be seen of the save.
 * @throws {TaskVaultError} OUTPUT_MISSING, OUTPUT_UNREADABLE, OUTPUT_CHANGED, NAME_UNSUPPORTED,
 * DISK_FULL, PERMISSION_DENIED, DATABASE_BUSY, …
 */
export async function saveEntry(
  parts: OpenParts,
  request: SaveRequest,
): Promise<SavedEntry | SkippedSave> {
  if (!request.policy.write) return { kind: 'skipped', because: 'read-only', sizeBytes: 0 }
  // Told here, before anything is read or compressed for it.
  if (parts.store.database.isReadOnly) throw refuseToWrite(parts.store.cacheDirectory)
  try {
    await checkReceived(parts.store, request.task)
    await using ahead = createSendAhead(parts, request)
    const outcome = await saveInAttempts(parts, request, ahead)
    if (outcome.kind === 'skipped' || outcome.isUnchanged === true) return outcome
    const remote = await push(parts, request, ahead)
    return remote === undefined ? outcome : { ...outcome, remote }
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    throw asTaskVaultError(error, `save ${request.task}`)
  }
}

async function push(
  parts: OpenParts,
  { work, archive, outputs, replaces = false }: SaveRequest,
  ahead: SendAhead,
): Promise<Pushed | undefined> {
  if (archive === undefined || !arePaths(outputs))
    return await pushEntry(parts, { key: work.key, replaces, ahead })
  const { pushArchive } = await import('./sharing/push-archive.ts')
  return await pushArchive(parts, { name: archive, targets: outputs })
}

async function saveInAttempts(
  parts: OpenParts,
  request: SaveRequest,
  ahead: SendAhead,
): Promise<SavedEntry | SkippedSave> {
  using _begun = parts.publisher.begin()
  const unwanted = new Set<number>()
  const attempts = isReadOnce(request.outputs) ? 1 : MAX_ATTEMPTS
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const mayGather = attempt === 1 && attempts > 1
    const outcome = await trySave(parts, request, { unwanted, mayGather, ahead })
    if (outcome.kind !== 'blobs-missing' && outcome.kind !== 'scattered') return outcome
    for (const number of outcome.numbers) unwanted.add(number)
  }
  throw new TaskVaultError('DATABASE_BUSY', 'Could not save: shared contents kept vanishing', {
    hint: 'Another process is emptying this cache; try again when it is done.',
  })
}

/** A stream has nothing left to give to a second attempt: the save of it would be an empty result. */
function isReadOnce(outputs: SaveRequest['outputs']): boolean {
  return !arePaths(outputs) && !(outputs instanceof Uint8Array)
}

type Attempt =
  | SavedEntry
  | SkippedSave
  | { readonly kind: 'blobs-missing'; readonly numbers: readonly number[] }
  | { readonly kind: 'scattered'; readonly numbers: readonly number[] }

interface AttemptOptions {
  /** Blobs that earlier attempts found gone, or one of too many. */
  readonly unwanted: ReadonlySet<number>
  /** Whether there will be another attempt if the contents lie in too many packs. */
  readonly mayGather: boolean
  readonly ahead: SendAhead
}

async function trySave(
  parts: OpenParts,
  request: SaveRequest,
  { unwanted, mayGather, ahead }: AttemptOptions,
): Promise<Attempt> {
  const packer = createContentPacker(parts.store, parts.statCache, {
    ignored: unwanted,
    onFullPack: ahead.offer,
  })
  try {
    const found = await collectOutputs(parts, request, packer)
    const limit = request.policy.maxSizeBytes
    if (limit !== undefined && found.sizeBytes > limit) {
      return { kind: 'skipped', because: 'too-large', sizeBytes: found.sizeBytes }
    }
    if (request.replaces === true && (await isStanding(parts, request.work.key, found)))
      return describeUnchanged(request, found)
    const attached: InlineContent[] = []
    const log = await attach(parts, { packer, attached }, request.log)
    const notes = await attach(parts, { packer, attached }, request.notes)
    const fingerprint = await attach(parts, { packer, attached }, encodingOf(request.work))
    const packed = await packer.finish()
    const scattered = mayGather ? findScattered(parts.store, packed.blobs, found.sizeBytes) : []
    if (scattered.length > 0) return { kind: 'scattered', numbers: scattered }
    if ((await request.mayPublish?.()) === false)
      return { kind: 'skipped', because: 'withdrawn', sizeBytes: found.sizeBytes }
    return await publish(parts, { request, found, log, notes, fingerprint, packed, attached })
  } finally {
    // After a publication this finds nothing to remove.
    packer.abandon()
    parts.statCache.flush()
  }
}

/** Whether the entry of the key has these very outputs, and can be restored. */
async function isStanding(
  { store }: OpenParts,
  key: TaskKey,
  found: FoundOutputs,
): Promise<boolean> {
  const entry = findEntry(store, { scope: 'local', key })
  if (entry === undefined || entry.isExpired) return false
  try {
    using opened = await openEntry(store, entry)
    return asText(opened.manifest.outputs) === asText(found.outputs)
  } catch (error) {
    if (isDamage(error)) return false
    throw error
  }
}

function asText(outputs: Manifest['outputs']): string {
  return outputs
    .map((output) => JSON.stringify(output))
    .toSorted()
    .join('\n')
}

function describeUnchanged({ work }: SaveRequest, found: FoundOutputs): SavedEntry {
  const { sizeBytes, fileCount } = found
  const known = { storedBytes: 0, wasKnown: true, isUnchanged: true }
  return { kind: 'saved', key: work.key, sizeBytes, fileCount, ...known }
}

interface Collected {
  readonly request: SaveRequest
  readonly found: FoundOutputs
  readonly log: ContentReference | undefined
  readonly notes: ContentReference | undefined
  readonly fingerprint: ContentReference | undefined
  readonly packed: PackedContents
  readonly attached: readonly InlineContent[]
}

async function publish(parts: OpenParts, collected: Collected): Promise<Attempt> {
  const { store } = parts
  const { request, found, packed, attached } = collected
  const manifest = createManifest(parts, collected)
  const manifestBlob = writeManifest(store, manifest, [...packed.inline, ...attached])
  const published = await parts.publisher.publish({
    manifest,
    manifestBlob,
    blobNumbers: packed.blobs.map((used) => used.number),
    strategy: request.policy.strategy,
  })
  if (published.kind === 'blobs-missing') {
    removeFile(blobPath(store.cacheDirectory, manifestBlob.digest))
    return published
  }
  const storedBytes = packed.storedBytes + manifestBlob.sizeBytes
  parts.store.report({ kind: 'saved', task: request.task, key: request.work.key, storedBytes })
  keepWithinLimit(parts)
  return {
    kind: 'saved',
    key: request.work.key,
    sizeBytes: found.sizeBytes,
    fileCount: found.fileCount,
    storedBytes,
    wasKnown: packed.storedBytes === 0 && packed.inline.length === 0,
  }
}

function createManifest(parts: OpenParts, collected: Collected): Manifest {
  const { request, found, log, notes, fingerprint, packed } = collected
  const createdAtMs = parts.store.now()
  const { ttlSeconds } = request.policy
  return {
    task: request.task,
    key: request.work.key,
    scope: 'local',
    createdAtMs,
    expiresAtMs: ttlSeconds === undefined ? undefined : createdAtMs + ttlSeconds * 1_000,
    exitCode: request.exitCode,
    durationMs: Math.round(request.durationMs),
    origin: request.origin,
    outputs: found.outputs,
    sizeBytes: found.sizeBytes,
    fileCount: found.fileCount + found.directoryCount,
    log,
    notes,
    fingerprint,
    blobs: packed.blobs.map((used) => used.digest),
  }
}

/** The entry is saved by now, whatever comes of making room for the next one. */
function keepWithinLimit({ store, settings }: OpenParts): void {
  try {
    evictIfNeeded(store, { limitBytes: settings.maxSizeBytes })
  } catch (error) {
    reportTrouble(store, error)
  }
}
