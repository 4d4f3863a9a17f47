import { statSync } from 'node:fs'
import { isTaskVaultError } from '../../errors.ts'
import { digestFromBytes } from '../../model/digest.ts'
import type { Digest } from '../../model/digest.ts'
import type { Store } from '../store.ts'
import { blobPath } from './blob-path.ts'
import { openBlobOf } from './pack-reader.ts'
import type { BlobReader } from './pack-reader.ts'

/** The blobs that a save may refer to, each asked for once. */
export interface KnownBlobs {
  /** The blob's digest, if its row is there and its file has the right size. */
  find(number: number): Digest | undefined
}

/** @param ignored blobs that an earlier attempt found gone. */
export function createKnownBlobs(store: Store, ignored: ReadonlySet<number>): KnownBlobs {
  const known = new Map<number, Digest | undefined>()
  return {
    find(number) {
      if (!known.has(number)) {
        known.set(number, ignored.has(number) ? undefined : findBlob(store, number))
      }
      return known.get(number)
    },
  }
}

function findBlob(store: Store, number: number): Digest | undefined {
  const row = store.database.prepare('SELECT digest, size FROM blobs WHERE number = ?').get(number)
  const bytes = row?.['digest']
  if (!(bytes instanceof Uint8Array)) return undefined
  const digest = digestFromBytes(bytes)
  const file = statSync(blobPath(store.cacheDirectory, digest), { throwIfNoEntry: false })
  return file?.size === Number(row?.['size']) ? digest : undefined
}

/** The chunks of a content that was cut, from the record in a blob; undefined when it cannot be read. */
export function readChunkList(
  store: Store,
  blob: Digest,
  content: Buffer,
): readonly Buffer[] | undefined {
  using reader = openUnlessDamaged(store, blob)
  return reader?.index.chunked.findLast(({ digest }) => digest.equals(content))?.chunks
}

/** A damaged blob is no reason to fail a save: its contents are stored again. */
function openUnlessDamaged(store: Store, blob: Digest): BlobReader | undefined {
  try {
    return openBlobOf(blobPath(store.cacheDirectory, blob), store.algorithm)
  } catch (error) {
    if (isTaskVaultError(error, 'BLOB_CORRUPT', 'BLOB_MISSING', 'FORMAT_UNSUPPORTED'))
      return undefined
    throw error
  }
}
