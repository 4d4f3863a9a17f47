import { isTaskVaultError, systemErrorCode } from '../../errors.ts'
import { CHUNKED_FROM_BYTES } from '../../files/cut-chunks.ts'
import { digestFromBytes, digestToBytes } from '../../model/digest.ts'
import type { Digest } from '../../model/digest.ts'
import type { ChunkedContent, IndexedContent } from '../../model/pack-index.ts'
import type { StagedDirectory } from '../../outputs/staged-directory.ts'
import type { ContentLocator } from '../../store/blobs/content-locator.ts'
import type { BlobReader } from '../../store/blobs/pack-reader.ts'
import { listReceived, noteConfirmed } from '../../store/blobs/received-packs.ts'
import type { Store } from '../../store/store.ts'
import type { OpenedEntry } from '../open-entry.ts'

/** A log, the inputs: what belongs to an entry and is no output. */
const MOST_UNREAD = 16

/**
 * Confirms the packs from elsewhere of which a restore has just read, and so checked, all that they hold:
 * the save that follows need not read them again. Of what the restore had no use for, little may be left.
 * Trouble is nobody's: all is in place, and the save reads what was not confirmed.
 */
export function confirmReceived(
  store: Store,
  opened: Pick<OpenedEntry, 'manifest' | 'locator' | 'packs'>,
  directories: readonly StagedDirectory[],
): void {
  try {
    confirmPacks(store, opened, directories)
  } catch (error) {
    if (!isTaskVaultError(error) && systemErrorCode(error) === undefined) throw error
  }
}

function confirmPacks(
  store: Store,
  opened: Parameters<typeof confirmReceived>[1],
  directories: readonly StagedDirectory[],
): void {
  const unchecked = new Set(listReceived(store))
  if (!opened.manifest.blobs.some((digest) => unchecked.has(digest))) return
  const checked = digestsOf(directories, opened.locator)
  for (const [index, { digest, blob }] of opened.packs.entries()) {
    // The manifest's own blob is the first.
    const pack = { blob, order: index + 1 }
    if (unchecked.has(digest) && isRight(pack, { checked, locator: opened.locator }))
      noteConfirmed(store, digest)
  }
}

/** Of all that lies in directories that were made: files, what large ones were cut into, and the nodes. */
function digestsOf(
  directories: readonly StagedDirectory[],
  locator: ContentLocator,
): ReadonlySet<Digest> {
  const digests = new Set<Digest>()
  for (const { entry, entries } of directories) {
    digests.add(entry.digest)
    for (const below of entries) {
      if (below.kind !== 'file') continue
      digests.add(below.digest)
      if (below.sizeBytes < CHUNKED_FROM_BYTES) continue
      for (const slice of locator.locate(digestToBytes(below.digest)))
        digests.add(digestFromBytes(slice.digest))
    }
  }
  return digests
}

interface OpenPack {
  readonly blob: BlobReader
  readonly order: number
}

interface Checked {
  readonly checked: ReadonlySet<Digest>
  readonly locator: ContentLocator
}

/** @throws {TaskVaultError} BLOB_CORRUPT */
function isRight({ blob, order }: OpenPack, { checked, locator }: Checked): boolean {
  const unread: IndexedContent[] = []
  let isKnown = true
  // Where several packs say that they have a content, one of them was read.
  const wasRead = (digest: Buffer): boolean =>
    checked.has(digestFromBytes(digest)) && locator.blobsOf(digest)?.[0] === order
  blob.visitIndex({
    frame: () => {},
    content(digest, place) {
      if (!wasRead(digest)) unread.push({ digest, ...place })
    },
    chunked: (content) => (isKnown &&= isMadeOf(content, { checked, locator })),
  })
  if (!isKnown || unread.length > MOST_UNREAD) return false
  for (const content of unread) blob.readContent(content)
  return true
}

/** Whether a large content was read as the chunks that this list of them names. */
function isMadeOf({ digest, chunks }: ChunkedContent, { checked, locator }: Checked): boolean {
  if (!checked.has(digestFromBytes(digest))) return false
  const read = Buffer.concat(locator.locate(digest).map((slice) => slice.digest))
  return read.equals(Buffer.concat(chunks))
}
