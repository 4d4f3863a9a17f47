import { releaseMemory } from '../../files/release-memory.ts'
import type { Frame } from '../../model/pack-index.ts'
import { readFully } from '../blobs/blob-source.ts'
import { unpackFrame } from './unpack-frame.ts'

/** A frame, by the open blob that it is in. */
export interface FrameLocation extends Frame {
  readonly descriptor: number
  readonly position: number
}

/** Unpacks frames of open blobs; those used last stay unpacked. */
export interface FrameReader extends Disposable {
  /**
   * A frame's raw bytes, of which nothing is verified but their number. Valid until the next call.
   * @throws {TaskVaultError} BLOB_CORRUPT
   */
  read(frame: FrameLocation): Buffer
}

/** Large files that are much alike have chunks in a few frames, and go to and fro between them. */
const KEPT_BYTES = 4 * 1024 * 1024

/** For blobs that stay open, under the same descriptors, until it is disposed. */
export function createFrameReader(): FrameReader {
  /** The one used last is the last. */
  const kept: { readonly frame: FrameLocation; readonly bytes: Buffer }[] = []
  let keptBytes = 0
  // Each frame into the same memory: new pages for each are most of what reading them costs.
  let stored = Buffer.alloc(0)

  function unpack(frame: FrameLocation): Buffer {
    if (stored.length < frame.storedBytes) stored = Buffer.allocUnsafeSlow(frame.storedBytes)
    const source = stored.subarray(0, frame.storedBytes)
    readFully(frame.descriptor, frame.position, source)
    const bytes = unpackFrame(frame, source)
    return bytes === source ? Buffer.from(source) : bytes
  }

  function makeRoom(bytes: number): void {
    while (keptBytes + bytes > KEPT_BYTES) {
      const oldest = kept.shift()
      if (oldest === undefined) return
      keptBytes -= oldest.bytes.length
      releaseMemory(oldest.bytes)
    }
  }

  return {
    read(frame) {
      const at = kept.findLastIndex((item) => isSame(item.frame, frame))
      const found = at === -1 ? undefined : kept[at]
      if (found !== undefined) {
        if (at < kept.length - 1) kept.push(...kept.splice(at, 1))
        return found.bytes
      }
      makeRoom(frame.rawBytes)
      const bytes = unpack(frame)
      kept.push({ frame, bytes })
      keptBytes += bytes.length
      return bytes
    },
    [Symbol.dispose]() {
      makeRoom(Number.POSITIVE_INFINITY)
      releaseMemory(stored)
    },
  }
}

function isSame(a: FrameLocation, b: FrameLocation): boolean {
  return a.position === b.position && a.descriptor === b.descriptor
}
