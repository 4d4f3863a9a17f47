import { closeSync, openSync } from 'node:fs'
import type { NeededBlob } from '../../../model/entry-record.ts'
import type { Frame } from '../../../model/pack-index.ts'
import { readFully } from '../../../store/blobs/blob-source.ts'
import type { ContentHolder } from '../../../store/blobs/content-locator.ts'
import type { FrameLocation } from '../../../store/unpacking/frame-reader.ts'
import { corruptBlob, unpackFrame } from '../../../store/unpacking/unpack-frame.ts'
import type { Arrival } from './arrival.ts'
import { readWholePart } from './read-part.ts'
import type { PartSource } from './read-part.ts'
import type { RemoteIndex } from './read-remote-index.ts'

/** A pack of which its index is here, and more with every moment. */
export interface ArrivingPack extends Disposable {
  /** Its frames can be read when `untilReadable` has said so. */
  readonly holder: ContentHolder
  /** Resolves when a frame is in the pack's file, where threads read it. */
  untilWritten(frame: FrameLocation): Promise<void>
  /** Resolves when this thread can read a frame. One that has not come yet is fetched by itself. */
  untilReadable(frame: FrameLocation): Promise<void>
  /** Whether the pack, all of which is here now, has the end that was answered, and so the index that was used. */
  endsAsAnswered(): boolean
}

export interface ArrivingParts extends RemoteIndex {
  readonly pack: NeededBlob
  readonly arrival: Arrival
}

export function openArrivingPack(
  { pack, arrival, known, end }: ArrivingParts,
  source: PartSource,
): ArrivingPack {
  const { index, offsets } = known
  const endAt = pack.sizeBytes - end.length
  const descriptor = openSync(arrival.path, 'r')
  /** Frames that were fetched by themselves, by where they begin. */
  const fetched = new Map<number, Buffer>()

  function readStored({ storedBytes }: Frame, position: number): Buffer {
    if (position >= endAt) return end.subarray(position - endAt, position - endAt + storedBytes)
    const alone = fetched.get(position)
    if (alone !== undefined) return alone
    const bytes = Buffer.allocUnsafeSlow(storedBytes)
    readFully(descriptor, position, bytes)
    return bytes
  }

  return {
    holder: {
      descriptor,
      algorithm: source.algorithm,
      index,
      frameOffset: (number) => offsets[number] ?? pack.sizeBytes,
      readFrame(number) {
        const [frame, position] = [index.frames[number], offsets[number]]
        if (frame === undefined || position === undefined)
          throw corruptBlob(`it has no frame ${number}`)
        return unpackFrame(frame, readStored(frame, position))
      },
    },
    untilWritten: async ({ position, storedBytes }) => await arrival.until(position + storedBytes),
    async untilReadable({ position, storedBytes }) {
      const after = position + storedBytes
      if (position >= endAt || arrival.has(after) || fetched.has(position)) return
      fetched.set(position, await readWholePart(pack, { start: position, end: after }, source))
    },
    endsAsAnswered() {
      const bytes = Buffer.allocUnsafeSlow(end.length)
      readFully(descriptor, endAt, bytes)
      return bytes.equals(end)
    },
    [Symbol.dispose]: () => closeSync(descriptor),
  }
}
