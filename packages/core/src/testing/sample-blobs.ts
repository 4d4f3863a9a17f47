import { createHash } from 'node:crypto'
import { openHashAlgorithm } from '../hashing/open-hash-algorithm.ts'
import { blobNameOf } from '../model/blob-name.ts'
import { digestFromBytes } from '../model/digest.ts'
import type { TaskKey } from '../model/digest.ts'
import type { EntryDraft } from '../model/entry-record.ts'
import { parseTaskName } from '../model/task.ts'
import type { BlobContent, BlobStore, ByteStream } from '../remote/blob-store.ts'

/** A blob, and its bytes in one piece. */
export interface SampleBlob extends BlobContent {
  readonly bytes: Buffer
}

/** Bytes that look like nothing; the same ones for the same number, others for another seed. */
export function sampleBytes(sizeBytes: number, seed = 1): Buffer {
  if (sizeBytes === 0) return Buffer.alloc(0)
  return createHash('shake128', { outputLength: sizeBytes }).update(`${seed}`).digest()
}

let seeds = 1

/** A blob that no other test has. */
export async function sampleBlob(sizeBytes: number, algorithmName = 'blake3'): Promise<SampleBlob> {
  seeds += 1
  const start = Buffer.from(`${process.pid} ${seeds} ${performance.now()}`)
  const bytes = sampleBytes(sizeBytes, seeds)
  start.copy(bytes)
  return await blobOf(bytes, algorithmName)
}

/** The blob that these bytes are. */
export async function blobOf(bytes: Buffer, algorithmName = 'blake3'): Promise<SampleBlob> {
  const algorithm = await openHashAlgorithm(algorithmName)
  const digest = digestFromBytes(algorithm.hash(bytes))
  const name = blobNameOf({ algorithm: algorithm.name, digest })
  return { name, sizeBytes: bytes.length, bytes, open: () => piecesOf(bytes) }
}

export async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const pieceBytes = 64 * 1024
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
}

/** @throws {Error} when there is nothing to read. */
export async function readAll(stream: ByteStream | undefined): Promise<Buffer> {
  if (stream === undefined) throw new Error('there is nothing to read')
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** A key that no other test has. */
export async function sampleKey(): Promise<TaskKey> {
  const algorithm = await openHashAlgorithm('blake3')
  seeds += 1
  const text = `key ${process.pid} ${seeds} ${performance.now()}`
  return digestFromBytes(algorithm.hash(Buffer.from(text))) as unknown as TaskKey
}

/** An entry of one manifest and one pack, whose blobs are in `blobs`. */
export async function sampleDraft(
  blobs: BlobStore,
  fields: Partial<EntryDraft> = {},
): Promise<EntryDraft> {
  const [manifest, pack] = [await sampleBlob(300), await sampleBlob(5_000)]
  await blobs.put(manifest)
  await blobs.put(pack)
  return {
    task: parseTaskName('unit_tests'),
    key: await sampleKey(),
    manifest: { name: manifest.name, sizeBytes: manifest.sizeBytes },
    packs: [{ name: pack.name, sizeBytes: pack.sizeBytes }],
    sizeBytes: 12_345,
    fileCount: 7,
    exitCode: 0,
    durationMs: 1_500,
    expiresAtMs: undefined,
    origin: { platform: 'local', branch: 'main' },
    ...fields,
  }
}
