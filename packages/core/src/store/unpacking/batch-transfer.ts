import type { FrameCodec } from '../../model/pack-index.ts'
import type { FrameLocation } from './frame-reader.ts'
import type { NewFile, UnpackBatch } from './unpack-batch.ts'

/**
 * A batch in a form that is cheap to send to another thread: a few arrays in place of some thousand
 * objects.
 */
export interface BatchTransfer {
  readonly paths: readonly string[]
  /** For each file: mode, mtimeUs, number of slices; then for each slice: frame, offset, length. */
  readonly numbers: Float64Array
  /** For each file its own; then those of its slices, if there are several. */
  readonly digests: Uint8Array
  readonly digestBytes: number
  readonly frames: readonly FrameLocation[]
}

export function toTransfer(batch: UnpackBatch, digestBytes: number): BatchTransfer {
  const frames: FrameLocation[] = []
  const numbers: number[] = []
  const digests: Uint8Array[] = []
  for (const file of batch) {
    numbers.push(file.mode, file.mtimeUs, file.slices.length)
    for (const { frame, offset, length } of file.slices) {
      if (frames.at(-1) !== frame) frames.push(frame)
      numbers.push(frames.length - 1, offset, length)
    }
    digests.push(file.digest)
    if (file.slices.length > 1) digests.push(...file.slices.map((slice) => slice.digest))
  }
  const paths = batch.map((file) => file.absolutePath)
  return {
    paths,
    numbers: Float64Array.from(numbers),
    digests: Buffer.concat(digests),
    digestBytes,
    frames: frames.map(plainFrame),
  }
}

export function fromTransfer(transfer: BatchTransfer): UnpackBatch {
  const { numbers, digests, digestBytes, frames } = transfer
  let [at, digestAt] = [0, 0]
  const next = (): number => numbers[at++] as number
  const nextDigest = (): Uint8Array => digests.subarray(digestAt, (digestAt += digestBytes))
  return transfer.paths.map((absolutePath): NewFile => {
    const [mode, mtimeUs] = [next(), next()]
    const digest = nextDigest()
    const count = next()
    const slices = Array.from({ length: count }, () => ({
      digest: count > 1 ? nextDigest() : digest,
      frame: frames[next()] as FrameLocation,
      offset: next(),
      length: next(),
    }))
    return { absolutePath, mode, mtimeUs, digest, slices }
  })
}

function plainFrame(frame: FrameLocation): FrameLocation {
  const { descriptor, position, storedBytes, rawBytes } = frame
  const codec: FrameCodec = frame.codec
  return { descriptor, position, storedBytes, rawBytes, codec }
}
