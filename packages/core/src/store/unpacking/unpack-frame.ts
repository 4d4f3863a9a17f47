import { zstdDecompressSync } from 'node:zlib'
import { TaskVaultError, systemErrorCode } from '../../errors.ts'
import type { Frame } from '../../model/pack-index.ts'

/** A frame's raw bytes. @throws {TaskVaultError} BLOB_CORRUPT when they are not as many as promised. */
export function unpackFrame(frame: Frame, stored: Buffer): Buffer {
  const raw = frame.codec === 'stored' ? stored : unpack(stored, frame.rawBytes)
  if (raw.length !== frame.rawBytes) {
    throw corruptBlob('a frame has another size than its index says')
  }
  return raw
}

/** An index's raw bytes; one that did not get smaller is stored as it is. */
export function unpackIndex(stored: Buffer, rawBytes: number): Buffer {
  return stored.length === rawBytes ? stored : unpack(stored, rawBytes)
}

/** What every damage of a blob is reported as. */
export function corruptBlob(detail: string, cause?: unknown): TaskVaultError {
  return new TaskVaultError('BLOB_CORRUPT', `A blob is damaged: ${detail}`, {
    hint: 'Run `taskvault doctor --repair`; work that was lost is done again when needed.',
    cause,
  })
}

function unpack(stored: Buffer, rawBytes: number): Buffer {
  try {
    return unpackWhole(stored, Math.max(rawBytes, 64))
  } catch (error) {
    throw nameFailure(error)
  }
}

/**
 * In one piece of the known size: the default of 16 KiB a piece takes twice the time. And a byte more,
 * for once a piece is full another one is made and zstd asked for the rest. That would meet what follows
 * the frame's end, so it is looked for here.
 */
function unpackWhole(stored: Buffer, size: number): Buffer {
  const options = { chunkSize: size + 1, maxOutputLength: size, info: true }
  // The type of what `info` asks for is missing.
  const unpacked: unknown = zstdDecompressSync(stored, options)
  const { buffer, engine } = unpacked as { buffer: Buffer; engine: { bytesWritten: number } }
  if (engine.bytesWritten !== stored.length) throw new Error('something follows its end')
  return buffer
}

const OUT_OF_MEMORY = ['ZSTD_error_memory_allocation', 'ERR_ZLIB_INITIALIZATION_FAILED']

/** What a failure to unpack means. A machine that is short of memory says nothing about the blob. */
export function nameFailure(error: unknown): TaskVaultError {
  const code = systemErrorCode(error)
  const isShort =
    OUT_OF_MEMORY.includes(code ?? '') || (error instanceof RangeError && code === undefined)
  if (!isShort) return corruptBlob('a frame cannot be unpacked', error)
  return new TaskVaultError('IO_FAILED', 'Could not unpack part of a blob: no memory is left', {
    cause: error,
  })
}
