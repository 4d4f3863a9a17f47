import type { HashAlgorithm } from '../../hashing/hash-algorithm.ts'
import type { FrameLocation } from '../unpacking/frame-reader.ts'
import type { Slice } from '../unpacking/unpack-batch.ts'
import { unpackFrameBeside } from '../unpacking/unpack-frame.ts'
import { readFully } from './blob-source.ts'
import { corruptContent } from './content-locator.ts'
import type { ContentLocator } from './content-locator.ts'
import { createFrameMemory } from './frame-memory.ts'

/**
 * A content piece by piece, each of them verified, as the locator's `stream`. While a piece is looked at, the frame
 * that comes next is unpacked on another thread.
 * @throws {TaskVaultError} BLOB_MISSING, BLOB_CORRUPT; after the last piece when the list of pieces is wrong.
 */
export async function* streamAhead(
  digest: Buffer,
  { locator, algorithm }: { readonly locator: ContentLocator; readonly algorithm: HashAlgorithm },
): AsyncGenerator<Buffer, void> {
  const slices = locator.locate(digest)
  // With nothing to come, another thread is a detour.
  if (slices.length === 1) return yield locator.read(digest)
  const unpack = createFramesAhead(slices)
  const whole = algorithm.createHasher()
  for (const slice of slices) {
    const bytes = (await unpack(slice)).subarray(slice.offset, slice.offset + slice.length)
    if (!algorithm.hash(bytes).equals(slice.digest)) throw corruptContent(digest)
    whole.update(bytes)
    yield bytes
  }
  if (!whole.digest().equals(digest)) throw corruptContent(digest)
}

/** Gives the raw bytes of each slice's frame in turn, and begins with the one that comes next. */
function createFramesAhead(slices: readonly Slice[]): (slice: Slice) => Promise<Buffer> {
  const order = slices
    .map(({ frame }) => frame)
    .filter((frame, index, frames) => frame !== frames[index - 1])
  const unpack = createFrameMemory(readFrame)
  let turn = -1

  return async ({ frame }) => {
    const current = unpack(frame)
    if (frame !== order[turn]) {
      turn += 1
      const next = order[turn + 1]
      // A failure is met when its turn comes.
      if (next !== undefined) unpack(next).catch(() => {})
    }
    return await current
  }
}

async function readFrame(frame: FrameLocation): Promise<Buffer> {
  const stored = Buffer.allocUnsafeSlow(frame.storedBytes)
  readFully(frame.descriptor, frame.position, stored)
  return await unpackFrameBeside(frame, stored)
}
