import type { ByteStream } from '@taskvault/core'
import type { Database } from '../database/schema.ts'
import { atLeast } from './blob-rows.ts'
import { inChunks } from './in-chunks.ts'

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
    async *hold(objectKey, bytes) {
      change(objectKey, 1)
      try {
        yield* bytes
      } finally {
        change(objectKey, -1)
      }
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
