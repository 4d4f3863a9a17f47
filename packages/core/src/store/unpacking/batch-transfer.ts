import type { FrameCodec } from '../../model/pack-index.ts'
import type { FrameLocation, NewFile, UnpackBatch } from './unpack-batch.ts'

/**
 * A batch in a form that is cheap to send to another thread: a few arrays in place of some thousand
 * objects.
 */
export interface BatchTransfer {
  readonly paths: readonly string[]
  /** For each file: mode, mtimeUs, number of slices; then for each slice: frame, offset, length. */
  readonly numbers: Float64Array
  readonly digests: Uint8Array
  readonly digestBytes: number
  readonly frames: readonly FrameLocation[]
}

export function toTransfer(batch: UnpackBatch, digestBytes: number): BatchTransfer {
  const frames: FrameLocation[] = []
  const numbers: number[] = []
  const digests = new Uint8Array(batch.length * digestBytes)
  for (const [index, file] of batch.entries()) {
    numbers.push(file.mode, file.mtimeUs, file.slices.length)
    for (const { frame, offset, length } of file.slices) {
      if (frames.at(-1) !== frame) frames.push(frame)
      numbers.push(frames.length - 1, offset, length)
    }
    digests.set(file.digest, index * digestBytes)
  }
  const paths = batch.map((file) => file.absolutePath)
  return {
    paths,
    numbers: Float64Array.from(numbers),
    digests,
    digestBytes,
    frames: frames.map(plainFrame),
  }
}

export function fromTransfer(transfer: BatchTransfer): UnpackBatch {
  const { numbers, digests, digestBytes, frames } = transfer
  let at = 0
  const next = (): number => numbers[at++] as number
  return transfer.paths.map((absolutePath, index): NewFile => {
    const [mode, mtimeUs] = [next(), next()]
    const slices = Array.from({ length: next() }, () => ({
      frame: frames[next()] as FrameLocation,
      offset: next(),
      length: next(),
    }))
    const digest = digests.subarray(index * digestBytes, (index + 1) * digestBytes)
    return { absolutePath, mode, mtimeUs, digest, slices, identity: NOT_NOTED }
  })
}

/** Identities are answered to the thread that sent the batch, and noted there. */
const NOT_NOTED = new Float64Array(0)

function plainFrame(frame: FrameLocation): FrameLocation {
  const { descriptor, position, storedBytes, rawBytes } = frame
  const codec: FrameCodec = frame.codec
  return { descriptor, position, storedBytes, rawBytes, codec }
}
