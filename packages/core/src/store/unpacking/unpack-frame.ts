import { promisify } from 'node:util'
import { zstdDecompress, zstdDecompressSync } from 'node:zlib'
import type { ZstdOptions } from 'node:zlib'
import { TaskVaultError, systemErrorCode } from '../../errors.ts'
import type { Frame } from '../../model/pack-index.ts'

/** A frame's raw bytes. @throws {TaskVaultError} BLOB_CORRUPT when they are not as many as promised. */
export function unpackFrame(frame: Frame, stored: Buffer): Buffer {
  return checkSize(frame, frame.codec === 'stored' ? stored : unpack(stored, frame.rawBytes))
}

/** The same on another thread. `stored` must not change meanwhile. */
export async function unpackFrameBeside(frame: Frame, stored: Buffer): Promise<Buffer> {
  if (frame.codec === 'stored') return checkSize(frame, stored)
  return checkSize(frame, await unpackOnThread(stored, frame.rawBytes))
}

function checkSize({ rawBytes }: Frame, raw: Buffer): Buffer {
  if (raw.length === rawBytes) return raw
  throw corruptBlob('a frame has another size than its index says')
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

const unpackBeside = promisify(zstdDecompress)

function unpack(stored: Buffer, rawBytes: number): Buffer {
  try {
    return takeWhole(zstdDecompressSync(stored, optionsFor(leastSize(rawBytes))), stored)
  } catch (error) {
    throw nameFailure(error)
  }
}

async function unpackOnThread(stored: Buffer, rawBytes: number): Promise<Buffer> {
  try {
    return takeWhole(await unpackBeside(stored, optionsFor(leastSize(rawBytes))), stored)
  } catch (error) {
    throw nameFailure(error)
  }
}

function leastSize(rawBytes: number): number {
  return Math.max(rawBytes, 64)
}

/**
 * In one piece of the known size: the default of 16 KiB a piece takes twice the time. And a byte more,
 * for once a piece is full another one is made and zstd asked for the rest. That would meet what follows
 * the frame's end, so it is looked for here.
 */
function optionsFor(size: number): ZstdOptions {
  return { chunkSize: size + 1, maxOutputLength: size, info: true }
}

/** The type of what `info` asks for is missing. */
function takeWhole(unpacked: unknown, stored: Buffer): Buffer {
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
