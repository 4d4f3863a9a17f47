import { isTaskVaultError } from '../../errors.ts'
import { openHashAlgorithm } from '../../hashing/open-hash-algorithm.ts'
import { splitBlobName } from '../../model/blob-name.ts'
import type { BlobName } from '../../model/blob-name.ts'
import type { EntryRecord, NeededBlob } from '../../model/entry-record.ts'
import type { BlobContent, BlobStore, ByteRange, CallOptions } from '../blob-store.ts'
import { createExpectedBlob } from '../expected-blob.ts'
import { nonsense } from '../failures.ts'
import { verifiedPieces } from '../wrappers/verified-pieces.ts'

/** The bytes of blobs as a record has them: in base64, by name. */
export type Carried = Readonly<Record<string, string>>

/**
 * Small blobs that lie in the records of their entries. Where each object costs several questions, an entry that
 * is small costs no more of them than its record (docs/adr/0041).
 */
export interface CarriedBlobs {
  /** A store's blobs, and those that the records carry which were read or are about to be written. */
  readonly blobs: BlobStore
  /** Of what an entry lacks that which its record is to carry. Put these first: they are held until `release`. */
  choose(lacking: readonly NeededBlob[]): void
  /** What the record of an entry with these blobs can carry now: what was chosen, and put. */
  encode(needed: readonly NeededBlob[]): Carried
  /** The record is written, or will not be. */
  release(needed: readonly NeededBlob[]): void
  /** Takes of what a record that was read says it carries that which it should be. @returns the names of these blobs. */
  accept(record: EntryRecord, carried: unknown): Promise<ReadonlySet<BlobName>>
}

/** @param mostBytes what a record carries at most, of the smallest blobs that its entry lacks. */
export function createCarriedBlobs(blobs: BlobStore, mostBytes: number): CarriedBlobs {
  const chosen = new Set<BlobName>()
  /** Verified. */
  const held = new Map<BlobName, Buffer>()
  /** Verified too: what lies has no part in what others say of the same name. The oldest come first. */
  const found = new Map<BlobName, Buffer>()

  function release(needed: readonly NeededBlob[]): void {
    for (const { name } of needed) {
      chosen.delete(name)
      held.delete(name)
    }
  }

  return {
    blobs: {
      ...blobs,
      async put(content, call) {
        if (!chosen.has(content.name)) return await blobs.put(content, call)
        held.set(content.name, await readVerified(content, call))
        return 'stored'
      },
      async get(name, call) {
        const bytes = found.get(name)
        return bytes === undefined ? await blobs.get(name, call) : partOf(bytes, call?.range)
      },
    },
    choose(lacking) {
      for (const { name } of smallest(lacking, mostBytes)) chosen.add(name)
    },
    encode: (needed) =>
      Object.fromEntries(
        needed.flatMap(({ name }) => {
          const bytes = held.get(name)
          return bytes === undefined ? [] : [[name, bytes.toString('base64')]]
        }),
      ),
    release,
    async accept({ manifest, packs }, carried) {
      const names = new Set<BlobName>()
      for (const blob of [manifest, ...packs]) {
        const bytes = decode(carried, blob)
        if (bytes === undefined || !(await isRight(blob, bytes))) continue
        found.set(blob.name, bytes)
        names.add(blob.name)
      }
      dropOldest(found)
      return names
    },
  }
}

function smallest(blobs: readonly NeededBlob[], mostBytes: number): readonly NeededBlob[] {
  let total = 0
  return blobs
    .toSorted((left, right) => left.sizeBytes - right.sizeBytes)
    .filter(({ sizeBytes }) => (total += sizeBytes) <= mostBytes)
}

async function readVerified(content: BlobContent, call: CallOptions | undefined): Promise<Buffer> {
  const openExpected = await createExpectedBlob(content)
  const pieces: Uint8Array[] = []
  for await (const piece of verifiedPieces(content.open(), openExpected())) {
    call?.signal?.throwIfAborted()
    pieces.push(Uint8Array.from(piece))
  }
  return Buffer.concat(pieces)
}

/** Of records that are read and not restored, what is carried is not wanted again. */
const FOUND_BYTES = 32 * 1024 * 1024

function dropOldest(found: Map<BlobName, Buffer>): void {
  let total = found.values().reduce((sum, bytes) => sum + bytes.length, 0)
  for (const [name, bytes] of found) {
    if (total <= FOUND_BYTES) return
    total -= bytes.length
    found.delete(name)
  }
}

async function isRight({ name }: NeededBlob, bytes: Buffer): Promise<boolean> {
  const { algorithm, digest } = splitBlobName(name)
  try {
    return (await openHashAlgorithm(algorithm)).hash(bytes).equals(Buffer.from(digest, 'hex'))
  } catch (error) {
    // Whoever knows the algorithm asks the store for it.
    if (isTaskVaultError(error, 'HASH_ALGORITHM_UNKNOWN')) return false
    throw error
  }
}

/** Undefined for what is not there, or has not the size that the entry needs. */
function decode(carried: unknown, { name, sizeBytes }: NeededBlob): Buffer | undefined {
  if (typeof carried !== 'object' || carried === null || !Object.hasOwn(carried, name))
    return undefined
  const text = (carried as Readonly<Record<string, unknown>>)[name]
  const bytes = typeof text === 'string' ? Buffer.from(text, 'base64') : undefined
  return bytes?.length === sizeBytes ? bytes : undefined
}

async function* partOf(
  bytes: Buffer,
  range: ByteRange | undefined,
): AsyncGenerator<Uint8Array, void> {
  const { start = 0, end = bytes.length } = range ?? {}
  if (end > bytes.length) throw nonsense('A blob has fewer bytes than requested')
  if (end > start) yield bytes.subarray(start, end)
}
