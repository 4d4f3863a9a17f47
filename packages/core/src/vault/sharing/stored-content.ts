import { splitBlobName } from '../../model/blob-name.ts'
import type { NeededBlob } from '../../model/entry-record.ts'
import type { BlobContent } from '../../remote/blob-store.ts'
import { readBlobPieces } from '../../store/blobs/blob-pieces.ts'
import type { Store } from '../../store/store.ts'

/** A blob of the local store as it is sent. Nothing is opened before somebody reads it. */
export function storedContent(store: Store, { name, sizeBytes }: NeededBlob): BlobContent {
  return { name, sizeBytes, open: () => readBlobPieces(store, splitBlobName(name).digest) }
}
