import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { TaskVaultError, asTaskVaultError, systemErrorCode } from '../../errors.ts'
import type { HashAlgorithm } from '../../hashing/hash-algorithm.ts'

/** The bytes of an open blob. It stays readable when its name is removed, until it is disposed. */
export interface BlobSource extends Disposable {
  readonly descriptor: number
  readonly sizeBytes: number
  /** Exactly `length` bytes. @throws {TaskVaultError} BLOB_CORRUPT when there are fewer. */
  readonly read: (position: number, length: number) => Buffer
  /** The same, valid until the next such call, of this blob or another: for bytes that are unpacked at once. */
  readonly readBriefly: (position: number, length: number) => Buffer
  /** Of all bytes. */
  digest(algorithm: HashAlgorithm): Buffer
}

/**
 * A blob of at most this size is read in one go: one call in place of five. Larger ones in pieces of it,
 * which the processor's caches hold.
 */
const READ_WHOLE_BYTES = 256 * 1024

/**
 * @throws {TaskVaultError} BLOB_MISSING when no file is there; TOO_MANY_OPEN_FILES,
 * PERMISSION_DENIED, IO_FAILED.
 */
export function openBlobSource(path: string): BlobSource {
  const descriptor = openDescriptor(path)
  try {
    const sizeBytes = fstatSync(descriptor).size
    const whole = sizeBytes <= READ_WHOLE_BYTES ? readRange(descriptor, 0, sizeBytes) : undefined
    const partOf = (bytes: Buffer, position: number, length: number): Buffer => {
      if (position + length > bytes.length) throw cutOff()
      return bytes.subarray(position, position + length)
    }
    return {
      descriptor,
      sizeBytes,
      read: (position, length) =>
        whole === undefined
          ? readRange(descriptor, position, length)
          : partOf(whole, position, length),
      readBriefly: (position, length) => {
        if (whole !== undefined) return partOf(whole, position, length)
        const bytes = borrow(length)
        readFully(descriptor, position, bytes)
        return bytes
      },
      digest(algorithm) {
        if (whole !== undefined) return algorithm.hash(whole)
        const hasher = algorithm.createHasher()
        // New memory for each piece would take longer to get than to fill.
        const bytes = Buffer.allocUnsafeSlow(READ_WHOLE_BYTES)
        for (let at = 0; at < sizeBytes; at += bytes.length) {
          const piece = bytes.subarray(0, Math.min(bytes.length, sizeBytes - at))
          readFully(descriptor, at, piece)
          hasher.update(piece)
        }
        return hasher.digest()
      },
      [Symbol.dispose]: () => closeSync(descriptor),
    }
  } catch (error) {
    closeSync(descriptor)
    throw asTaskVaultError(error, `read ${path}`)
  }
}

/** Frames are of this size, and smaller when they are compressed. */
const MOST_BORROWED_BYTES = 1024 * 1024
let borrowed: Buffer | undefined

/** New memory for each frame would take longer to get than to fill, and have the collector run. */
function borrow(length: number): Buffer {
  if (length > MOST_BORROWED_BYTES) return Buffer.allocUnsafeSlow(length)
  borrowed ??= Buffer.allocUnsafeSlow(MOST_BORROWED_BYTES)
  return borrowed.subarray(0, length)
}

/** Exactly `length` bytes from `position`. @throws {TaskVaultError} BLOB_CORRUPT when there are fewer. */
function readRange(descriptor: number, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length)
  readFully(descriptor, position, bytes)
  return bytes
}

/** Fills `bytes` from `position`. @throws {TaskVaultError} BLOB_CORRUPT when there are fewer. */
export function readFully(descriptor: number, position: number, bytes: Buffer): void {
  let done = 0
  while (done < bytes.length) {
    const got = readSync(descriptor, bytes, done, bytes.length - done, position + done)
    if (got === 0) throw cutOff()
    done += got
  }
}

function openDescriptor(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY)
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw asTaskVaultError(error, `open ${path}`)
    throw new TaskVaultError('BLOB_MISSING', `There is no blob ${path}`, { cause: error })
  }
}

function cutOff(): TaskVaultError {
  return new TaskVaultError('BLOB_CORRUPT', 'A blob is damaged: it is cut off')
}
