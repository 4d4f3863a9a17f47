import { closeSync, constants, fchmodSync, fstatSync, futimesSync, openSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { TaskVaultError } from '../../errors.ts'
import { writeFully } from '../../files/write-atomically.ts'
import type { HashAlgorithm } from '../../hashing/hash-algorithm.ts'
import { digestFromBytes, shortDigest } from '../../model/digest.ts'
import { IDENTITY_NUMBERS, noteIdentity } from './file-identity.ts'
import type { FrameLocation, FrameReader } from './frame-reader.ts'

/** A content, or a chunk of one: `length` raw bytes from `offset` of a frame. */
export interface Slice {
  readonly digest: Uint8Array
  readonly frame: FrameLocation
  readonly offset: number
  readonly length: number
}

/** A file to be made: it must not exist yet. */
export interface NewFile {
  readonly absolutePath: string
  readonly mode: number
  readonly mtimeUs: number
  readonly digest: Uint8Array
  /** One after the other; a content that was not cut has one. */
  readonly slices: readonly Slice[]
}

/** What each thread that unpacks has of its own. */
export interface Unpacking {
  readonly algorithm: HashAlgorithm
  readonly frames: FrameReader
}

/** Files that are best made together, because their contents share a frame. */
export type UnpackBatch = readonly NewFile[]

// Nobody else may own a name in the staging directory: whoever put one there is an attacker, or two
// names are one to this file system, and neither is written through.
const CREATE_FLAGS =
  constants.O_CREAT |
  constants.O_EXCL |
  constants.O_WRONLY |
  ((constants.O_NOFOLLOW as number | undefined) ?? 0)

/**
 * Makes the files of a batch, checking each content's digest before its file is closed.
 * @returns their identities, one after the other.
 * @throws {TaskVaultError} BLOB_CORRUPT; errors of the operating system as they are.
 */
export function unpackBatch(batch: UnpackBatch, unpacking: Unpacking): Float64Array {
  const steps = unpackInSteps(batch, unpacking)
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** The same for who has to do something else in between: gives way with each piece that is written. */
export function* unpackInSteps(
  batch: UnpackBatch,
  unpacking: Unpacking,
): Generator<WrittenBytes, Float64Array> {
  const identities = new Float64Array(batch.length * IDENTITY_NUMBERS)
  for (const [index, file] of batch.entries())
    noteIdentity(identities, index, yield* makeFile(file, unpacking))
  return identities
}

/** How many bytes the last step has written. */
export type WrittenBytes = number

function* makeFile(file: NewFile, unpacking: Unpacking): Generator<WrittenBytes, Stats> {
  const descriptor = openSync(file.absolutePath, CREATE_FLAGS, file.mode)
  try {
    yield* writeSlices(descriptor, file, unpacking)
    futimesSync(descriptor, file.mtimeUs / 1e6, file.mtimeUs / 1e6)
    const stats = fstatSync(descriptor)
    // The umask took bits away. Windows has no such bits, and keeps what it can.
    if ((stats.mode & 0o777) === file.mode || process.platform === 'win32') return stats
    fchmodSync(descriptor, file.mode)
    return fstatSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function* writeSlices(
  descriptor: number,
  file: NewFile,
  { algorithm, frames }: Unpacking,
): Generator<WrittenBytes, void> {
  const read = ({ frame, offset, length }: Slice): Buffer =>
    frames.read(frame).subarray(offset, offset + length)
  const only = file.slices.length === 1 ? file.slices[0] : undefined
  if (only !== undefined) {
    const bytes = read(only)
    checkDigest(file, algorithm.hash(bytes))
    writeFully(descriptor, bytes)
    return yield bytes.length
  }
  const hasher = algorithm.createHasher()
  for (const slice of file.slices) {
    const bytes = read(slice)
    // The whole is what counts; but who has read all chunks can say of each that it is right.
    checkDigest(slice, algorithm.hash(bytes))
    hasher.update(bytes)
    writeFully(descriptor, bytes)
    yield bytes.length
  }
  checkDigest(file, hasher.digest())
}

function checkDigest({ digest }: { readonly digest: Uint8Array }, found: Buffer): void {
  if (found.equals(digest)) return
  // Not by the file's path: it is staged under a name that says nothing to anybody.
  const name = shortDigest(digestFromBytes(digest))
  throw new TaskVaultError('BLOB_CORRUPT', `Content ${name} does not match its digest`)
}
