import type { FileHandle } from 'node:fs/promises'
import { TaskVaultError } from '../errors.ts'
import type { ByteRange } from './blob-store.ts'

const PIECE_BYTES = 512 * 1024

/**
 * The bytes of an open file, which is closed at the end, or when the reader stops. No generator,
 * because one that was never started does nothing when it is ended.
 *
 * A reader that is done with a piece may give it back with `next(piece)`: the next one is read into the
 * same memory. Fresh memory for every piece costs more than reading it does, until it is collected.
 */
export function readPieces(
  file: FileHandle,
  { start, end }: ByteRange,
  signal: AbortSignal | undefined,
): AsyncIterableIterator<Uint8Array, undefined, Uint8Array | undefined> {
  let position = start
  let isOpen = true
  const close = async (): Promise<void> => {
    if (isOpen) await file.close()
    isOpen = false
  }
  const readNext = async (spare: Uint8Array | undefined): Promise<Uint8Array> => {
    signal?.throwIfAborted()
    const length = Math.min(PIECE_BYTES, end - position)
    const buffer = spare?.byteLength === length ? spare : Buffer.allocUnsafeSlow(length)
    const { bytesRead } = await file.read(buffer, 0, length, position)
    // Objects never change; somebody has done what nobody may.
    if (bytesRead === 0) throw new TaskVaultError('IO_FAILED', 'A file became shorter while read')
    position += bytesRead
    return buffer.subarray(0, bytesRead)
  }
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    async next(spare) {
      try {
        if (isOpen && position < end) return { done: false, value: await readNext(spare) }
        await close()
        return { done: true, value: undefined }
      } catch (error) {
        await close()
        throw error
      }
    },
    async return() {
      await close()
      return { done: true, value: undefined }
    },
  }
}
