import { basename, dirname } from 'node:path'
import { TaskVaultError } from '../errors.ts'
import { createChunker } from '../files/contents/chunker.ts'
import { CHUNKED_FROM_BYTES } from '../files/contents/cut-chunks.ts'
import { isThere } from '../files/is-there.ts'
import { describeNames } from '../files/scanning/describe-directory.ts'
import { scanTree } from '../files/scanning/scan-tree.ts'
import { unsupportedKind } from '../files/unsupported-kind.ts'
import { digestFromBytes } from '../model/digest.ts'
import type { ContentReference, OutputRoot } from '../model/manifest.ts'
import type { TreeEntry } from '../model/tree.ts'
import type { ContentPacker } from '../store/blobs/content-packer.ts'
import type { InlineContent } from '../store/blobs/packed-contents.ts'
import type { OpenParts } from './open-parts.ts'
import type { OutputTarget, SaveRequest } from './vault.ts'

/** What the outputs are, and how much. */
export interface FoundOutputs {
  readonly outputs: readonly OutputRoot[]
  readonly sizeBytes: number
  /** Files and links. */
  readonly fileCount: number
  /** Those that are outputs themselves are not counted. */
  readonly directoryCount: number
}

/**
 * Gives all outputs to the packer: what it does not hold is read, the rest is looked at.
 * @throws {TaskVaultError} OUTPUT_MISSING, OUTPUT_UNREADABLE, INPUT_UNREADABLE, INPUT_CHANGED, NAME_UNSUPPORTED.
 */
export async function collectOutputs(
  parts: OpenParts,
  { outputs, policy }: Pick<SaveRequest, 'outputs' | 'policy'>,
  packer: ContentPacker,
): Promise<FoundOutputs> {
  if (!arePaths(outputs)) {
    const isWhole = outputs instanceof Uint8Array
    const limited = isWhole ? outputs : takeBeyond(outputs, policy.maxSizeBytes)
    return await storeResult(parts, packer, limited)
  }
  const roots: OutputRoot[] = []
  let [sizeBytes, fileCount, directoryCount] = [0, 0, 0]
  for (const target of outputs) {
    const root = await driven(packer, scanOutput(parts, target, packer))
    roots.push({ declaredAs: target.declaredAs, entry: root.entry })
    sizeBytes += root.sizeBytes
    fileCount += root.fileCount
    directoryCount += root.directoryCount
  }
  return { outputs: roots, sizeBytes, fileCount, directoryCount }
}

/** Whether outputs are on disk; others are one that is held in memory or streamed. */
export function arePaths(outputs: SaveRequest['outputs']): outputs is readonly OutputTarget[] {
  return Array.isArray(outputs)
}

/** Runs a scan, waiting whenever it has more than the processors and the disk can take. */
async function driven<Result>(
  packer: ContentPacker,
  steps: Generator<void, Result>,
): Promise<Result> {
  // A scan that waits for room has a file open, which it closes only when it is ended.
  using running = steps
  for (;;) {
    const step = running.next()
    if (step.done === true) return step.value
    await packer.settle()
  }
}

interface ScannedRoot extends Omit<FoundOutputs, 'outputs'> {
  readonly entry: TreeEntry
}

function* scanOutput(
  parts: OpenParts,
  target: OutputTarget,
  packer: ContentPacker,
): Generator<void, ScannedRoot> {
  const { absolutePath } = target
  const context = parts.scanContext('saving')
  if (!isThere(absolutePath)) throw missing(target)
  const names = [basename(absolutePath)]
  const [found] = yield* describeNames(dirname(absolutePath), names, { context, sink: packer })
  if (found === undefined) throw missing(target)
  if (found.kind === 'other') throw unsupportedKind(absolutePath)
  if (found.kind !== 'directory') {
    const sizeBytes = found.kind === 'file' ? found.sizeBytes : 0
    return { entry: found, sizeBytes, fileCount: 1, directoryCount: 0 }
  }
  const tree = yield* scanTree(absolutePath, { context, sink: packer })
  const { sizeBytes, fileCount, directoryCount } = tree
  const entry = { ...found, digest: digestFromBytes(tree.node.output) }
  return { entry, sizeBytes, fileCount, directoryCount }
}

/** A result that was never a file: it is kept as one without a name. */
async function storeResult(
  parts: OpenParts,
  packer: ContentPacker,
  result: Uint8Array | AsyncIterable<Uint8Array>,
): Promise<FoundOutputs> {
  const { digest, sizeBytes } = await storePieces(parts, packer, result)
  const entry: TreeEntry = {
    kind: 'file',
    name: 'result',
    mode: 0o644,
    mtimeUs: parts.store.now() * 1_000,
    sizeBytes,
    digest,
  }
  return { outputs: [{ declaredAs: '', entry }], sizeBytes, fileCount: 1, directoryCount: 0 }
}

/** Ends a stream that is larger than its policy allows: it may have no end of its own. */
async function* takeBeyond(
  pieces: AsyncIterable<Uint8Array>,
  limitBytes = Number.POSITIVE_INFINITY,
): AsyncGenerator<Uint8Array> {
  let sizeBytes = 0
  for await (const piece of pieces) {
    yield piece
    sizeBytes += piece.length
    if (sizeBytes > limitBytes) return
  }
}

/** Logs and fingerprints up to this size stay with the manifest. */
const ATTACHED_BYTES = 64 * 1024

/** Keeps a log or fingerprint with the manifest; a large one is stored like any other content. */
export async function attach(
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

function missing(target: OutputTarget): TaskVaultError {
  const name = target.declaredAs === '' ? target.absolutePath : target.declaredAs
  return new TaskVaultError('OUTPUT_MISSING', `Output ${name} was not produced`, {
    hint: 'Check the path; it is relative to the project root for declared outputs.',
  })
}
