import type { NeededBlob } from '../../../model/entry-record.ts'
import type { ContentRows, Frame } from '../../../model/pack-index.ts'
import type { FrameRun } from '../../../model/plan-parts.ts'
import type { ByteStream } from '../../../remote/blob-store.ts'
import type { ReceivedContents } from '../../../store/blobs/received-contents.ts'
import { corruptBlob, unpackFrame } from '../../../store/unpacking/unpack-frame.ts'
import { readPart } from './read-part.ts'
import type { PartSource } from './read-part.ts'

/** Frames of a pack that is elsewhere, one after the other. */
export interface RemoteRun {
  readonly pack: NeededBlob
  readonly run: FrameRun
  readonly frames: readonly Frame[]
  readonly contents: ContentRows
  /** The rows of the contents that are wanted, by the number of their frame. */
  readonly rowsByFrame: ReadonlyMap<number, readonly number[]>
}

/**
 * Fetches a run of frames, and keeps the contents that are wanted. One frame at a time is in memory.
 * @throws {TaskVaultError} BLOB_CORRUPT when a content is not what its digest says, BLOB_MISSING, and as the
 * store does.
 */
export async function fetchFrames(
  { pack, run, frames, contents, rowsByFrame }: RemoteRun,
  source: PartSource,
  kept: ReceivedContents,
): Promise<void> {
  await using stored = createCutter(await readPart(pack, run, source))
  for (const [index, frame] of frames.slice(run.firstFrame, run.endFrame).entries()) {
    const bytes = await stored.take(frame.storedBytes)
    const rows = rowsByFrame.get(run.firstFrame + index)
    // It lies between two that are wanted.
    if (rows === undefined) continue
    const raw = unpackFrame(frame, bytes)
    for (const row of rows) {
      const { digest, offset, length } = contents.read(row)
      const content = raw.subarray(offset, offset + length)
      if (!source.algorithm.hash(content).equals(digest))
        throw corruptBlob('a content of it does not match its digest')
      await kept.add(digest, content)
    }
  }
  await stored.finish()
}

/** Cuts a stream into pieces of given sizes. Disposing it ends the stream, wherever that is. */
interface Cutter extends AsyncDisposable {
  /** Exactly so many bytes. @throws {TaskVaultError} BLOB_CORRUPT when there are fewer. */
  take(length: number): Promise<Buffer>
  /** Reads to the end: a stream that broke says so there. */
  finish(): Promise<void>
}

function createCutter(stream: ByteStream): Cutter {
  const pieces = stream[Symbol.asyncIterator]()
  let rest: Uint8Array = new Uint8Array()
  return {
    async take(length) {
      const bytes = Buffer.allocUnsafeSlow(length)
      for (let at = 0; at < length;) {
        const step = rest.length > 0 ? { value: rest } : await pieces.next()
        if (step.value === undefined) throw corruptBlob('a part of it is cut off')
        const taken = step.value.subarray(0, length - at)
        bytes.set(taken, at)
        at += taken.length
        rest = step.value.subarray(taken.length)
      }
      return bytes
    },
    async finish() {
      const { done } = await pieces.next()
      if (done !== true || rest.length > 0) throw corruptBlob('a part of it is too long')
    },
    async [Symbol.asyncDispose]() {
      await pieces.return?.()
    },
  }
}
