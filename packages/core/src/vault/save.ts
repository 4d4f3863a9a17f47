import { lstatSync, rmSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { TaskVaultError } from '../errors.ts'
import { createChunker } from '../files/chunker.ts'
import { CHUNKED_FROM_BYTES } from '../files/cut-chunks.ts'
import { describeNames } from '../files/describe-directory.ts'
import { scanTree, unsupportedKind } from '../files/scan-tree.ts'
import { writeAtomically } from '../files/write-atomically.ts'
import { digestFromBytes } from '../model/digest.ts'
import { encodeFingerprint } from '../model/fingerprint.ts'
import { encodeManifest } from '../model/manifest.ts'
import type { ContentReference, Manifest, OutputRoot } from '../model/manifest.ts'
import type { TreeEntry } from '../model/tree.ts'
import { blobPath } from '../store/blob-path.ts'
import { buildBlob } from '../store/build-blob.ts'
import { createContentPacker } from '../store/content-packer.ts'
import type { ContentPacker, InlineContent, PackedContents } from '../store/content-packer.ts'
import { evictIfNeeded } from '../store/evict.ts'
import { publishEntry } from '../store/publish-entry.ts'
import type { OpenParts } from './open-parts.ts'
import type { OutputTarget, SaveRequest, SavedEntry, SkippedSave } from './vault.ts'

/** How often a save starts over because garbage collection took a blob that it meant to share. */
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
  const gone = new Set<number>()
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const outcome = await trySave(parts, request, gone)
    if (outcome.kind !== 'blobs-missing') return outcome
    for (const number of outcome.numbers) gone.add(number)
  }
  throw new TaskVaultError('DATABASE_BUSY', 'Could not save: shared contents kept vanishing', {
    hint: 'Another process is emptying this cache; try again when it is done.',
  })
}

type Attempt = SavedEntry | SkippedSave | { readonly kind: 'blobs-missing'; readonly numbers: readonly number[] }

async function trySave(
  parts: OpenParts,
  request: SaveRequest,
  gone: ReadonlySet<number>,
): Promise<Attempt> {
  const packer = createContentPacker(parts.store, parts.statCache, gone)
  try {
    const found = await collectOutputs(parts, request.outputs, packer)
    const limit = request.policy.maxSizeBytes
    if (limit !== undefined && found.sizeBytes > limit) {
      return { kind: 'skipped', because: 'too-large', sizeBytes: found.sizeBytes }
    }
    const attached: InlineContent[] = []
    const log = await attach(parts, { packer, attached }, request.log)
    const fingerprintText = Buffer.from(encodeFingerprint(request.work.fingerprint))
    const fingerprint = await attach(parts, { packer, attached }, fingerprintText)
    const packed = await packer.finish()
    return publish(parts, { request, found, log, fingerprint, packed, attached })
  } finally {
    packer.abandon()
    parts.statCache.flush()
  }
}

interface FoundOutputs {
  readonly outputs: readonly OutputRoot[]
  readonly sizeBytes: number
  readonly fileCount: number
}

async function collectOutputs(
  parts: OpenParts,
  outputs: SaveRequest['outputs'],
  packer: ContentPacker,
): Promise<FoundOutputs> {
  if (!Array.isArray(outputs)) {
    return await storeResult(parts, packer, outputs as Uint8Array | AsyncIterable<Uint8Array>)
  }
  const roots: OutputRoot[] = []
  let [sizeBytes, fileCount] = [0, 0]
  for (const target of outputs as readonly OutputTarget[]) {
    const root = await driven(packer, scanOutput(parts, target, packer))
    roots.push({ declaredAs: target.declaredAs, entry: root.entry })
    sizeBytes += root.sizeBytes
    fileCount += root.fileCount
  }
  return { outputs: roots, sizeBytes, fileCount }
}

/** Runs a scan, waiting whenever it has more than the processors and the disk can take. */
async function driven<Result>(packer: ContentPacker, steps: Generator<void, Result>): Promise<Result> {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    await packer.settle()
  }
}

interface ScannedRoot {
  readonly entry: TreeEntry
  readonly sizeBytes: number
  readonly fileCount: number
}

function* scanOutput(
  parts: OpenParts,
  target: OutputTarget,
  packer: ContentPacker,
): Generator<void, ScannedRoot> {
  const { absolutePath } = target
  const context = parts.scanContext('saving')
  if (lstatSync(absolutePath, { throwIfNoEntry: false }) === undefined) throw missing(target)
  const names = [basename(absolutePath)]
  const [found] = yield* describeNames(dirname(absolutePath), names, { context, sink: packer })
  if (found === undefined) throw missing(target)
  if (found.kind === 'other') throw unsupportedKind(absolutePath)
  if (found.kind === 'file') return { entry: found, sizeBytes: found.sizeBytes, fileCount: 1 }
  if (found.kind === 'symlink') return { entry: found, sizeBytes: 0, fileCount: 1 }
  const tree = yield* scanTree(absolutePath, { context, sink: packer })
  const entry = { ...found, digest: digestFromBytes(tree.node.output) }
  return { entry, sizeBytes: tree.sizeBytes, fileCount: tree.fileCount }
}

/** A result that was never a file: it is kept as one without a name. */
async function storeResult(
  parts: OpenParts,
  packer: ContentPacker,
  result: Uint8Array | AsyncIterable<Uint8Array>,
): Promise<FoundOutputs> {
  const { digest, sizeBytes } = await storePieces(parts, packer, result)
  const entry: TreeEntry = { kind: 'file', name: 'result', mode: 0o644, mtimeUs: parts.store.now() * 1_000, sizeBytes, digest }
  return { outputs: [{ declaredAs: '', entry }], sizeBytes, fileCount: 1 }
}

/** Contents that stay with the manifest, where they are of this size. */
const ATTACHED_BYTES = 64 * 1024

/** Keeps a log or fingerprint with the manifest; a large one is stored like any other content. */
async function attach(
  parts: OpenParts,
  { packer, attached }: { readonly packer: ContentPacker; readonly attached: InlineContent[] },
  bytes: Uint8Array | undefined,
): Promise<ContentReference | undefined> {
  if (bytes === undefined) return undefined
  if (bytes.length > ATTACHED_BYTES) return await storePieces(parts, packer, bytes)
  const digest = parts.store.algorithm.hash(bytes)
  attached.push({ digest, bytes })
  return { digest: digestFromBytes(digest), sizeBytes: bytes.length }
}

async function storePieces(
  parts: OpenParts,
  packer: ContentPacker,
  pieces: Uint8Array | AsyncIterable<Uint8Array>,
): Promise<ContentReference> {
  const { algorithm } = parts.store
  if (pieces instanceof Uint8Array && pieces.length < CHUNKED_FROM_BYTES) {
    const whole = algorithm.hash(pieces)
    packer.add(whole, pieces)
    return { digest: digestFromBytes(whole), sizeBytes: pieces.length }
  }
  const chunker = createChunker(algorithm, packer)
  for await (const piece of pieces instanceof Uint8Array ? cutPieces(pieces) : pieces) {
    chunker.push(piece)
    if (packer.isFull) await packer.settle()
  }
  const { digest, sizeBytes } = chunker.finish()
  return { digest: digestFromBytes(digest), sizeBytes }
}

/** Pieces small enough that what is compressed keeps pace with what is cut. */
function* cutPieces(bytes: Uint8Array): Generator<Uint8Array> {
  const pieceBytes = 1024 * 1024
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
}

interface Collected {
  readonly request: SaveRequest
  readonly found: FoundOutputs
  readonly log: ContentReference | undefined
  readonly fingerprint: ContentReference | undefined
  readonly packed: PackedContents
  readonly attached: readonly InlineContent[]
}

function publish(parts: OpenParts, collected: Collected): Attempt {
  const { store } = parts
  const { request, found, packed, attached } = collected
  const manifest = createManifest(parts, collected)
  const bytes = Buffer.from(encodeManifest(manifest))
  const contents = [{ digest: store.algorithm.hash(bytes), bytes }, ...packed.inline, ...attached]
  const blob = buildBlob('manifest', contents, store.algorithm)
  const digest = digestFromBytes(store.algorithm.hash(blob))
  const path = blobPath(store.cacheDirectory, digest)
  writeAtomically(path, blob, { mode: 0o644, fsync: true })
  const published = publishEntry(store, {
    manifest,
    manifestBlob: { digest, sizeBytes: blob.length },
    blobNumbers: packed.blobs.map((used) => used.number),
    strategy: request.policy.strategy,
  })
  if (published.kind === 'blobs-missing') {
    rmSync(path, { force: true })
    return published
  }
  const storedBytes = packed.storedBytes + blob.length
  parts.store.report({ kind: 'saved', task: request.task, key: request.work.key, storedBytes })
  evictIfNeeded(store, { limitBytes: parts.settings.maxSizeBytes })
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
  const { request, found, log, fingerprint, packed } = collected
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
    fileCount: found.fileCount,
    log,
    fingerprint,
    blobs: packed.blobs.map((used) => used.digest),
  }
}

function missing(target: OutputTarget): TaskVaultError {
  const name = target.declaredAs === '' ? target.absolutePath : target.declaredAs
  return new TaskVaultError('OUTPUT_MISSING', `Output ${name} was not produced`, {
    hint: 'Check the path; it is relative to the project root for declared outputs.',
  })
}
