import type { ByteStream } from '@taskvault/core'
import type { Database } from '../../database/schema.ts'
import { inChunks } from '../in-chunks.ts'
import { atLeast } from './blob-rows.ts'

/** Blobs that are being read through this server: they are not collected before their last byte is out. */
export interface HeldBlobs {
  /** The same bytes; the blob is held until they end, however they end. */
  hold(objectKey: string, bytes: ByteStream): ByteStream
  /** Lets the leases of all that is held end no sooner than `untilMs`. */
  renew(untilMs: number): Promise<void>
}

export function createHeldBlobs(database: Database): HeldBlobs {
  const readers = new Map<string, number>()
  const change = (objectKey: string, by: number): void => {
    const count = (readers.get(objectKey) ?? 0) + by
    if (count > 0) readers.set(objectKey, count)
    else readers.delete(objectKey)
  }
  return {
    hold(objectKey, bytes) {
      const pieces: Pieces = bytes[Symbol.asyncIterator]()
      let isHeld = false
      const begin = (): void => {
        if (!isHeld) change(objectKey, 1)
        isHeld = true
      }
      const end = (): void => {
        if (isHeld) change(objectKey, -1)
        isHeld = false
      }
      return endingWith(pieces, { begin, end })
    },
    async renew(untilMs) {
      await inChunks([...readers.keys()], async (part) => {
        await database
          .updateTable('blobs')
          .set({ kept_until: atLeast(untilMs) })
          .where('object_key', 'in', part)
          .where('refs', '=', 0)
          .where('borrowed', '=', 0)
          .execute()
        return []
      })
    },
  }
}

/** A reader that is done with a piece may give it back with `next`; what it does with that is the source's. */
export type Pieces = AsyncIterator<Uint8Array, unknown, Uint8Array | undefined>

/** No generator: one that was never started does nothing when it is ended, and the source stays open. */
function endingWith(
  pieces: Pieces,
  { begin, end }: { readonly begin: () => void; readonly end: () => void },
): ByteStream {
  const iterator: Pieces = {
    async next(spare) {
      begin()
      try {
        const step = await pieces.next(spare)
        if (step.done === true) end()
        return step
      } catch (error) {
        end()
        throw error
      }
    },
    async return() {
      end()
      return (await pieces.return?.()) ?? { done: true, value: undefined }
    },
  }
  return { [Symbol.asyncIterator]: () => iterator as AsyncIterator<Uint8Array> }
}
