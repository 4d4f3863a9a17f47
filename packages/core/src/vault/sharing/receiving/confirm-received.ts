import { isFailure } from '../../../errors.ts'
import { CHUNKED_FROM_BYTES } from '../../../files/contents/cut-chunks.ts'
import { FILE_TYPE, typeOf } from '../../../files/scanning/observe-directory.ts'
import { digestFromBytes } from '../../../model/digest.ts'
import type { Digest } from '../../../model/digest.ts'
import type { ChunkedContent } from '../../../model/pack-index.ts'
import { readColumns } from '../../../outputs/made-directory.ts'
import type { MadeDirectory } from '../../../outputs/made-directory.ts'
import type { ContentLocator } from '../../../store/blobs/content-locator.ts'
import type { BlobReader } from '../../../store/blobs/pack-reader.ts'
import { listReceived, noteConfirmed } from '../../../store/blobs/received-packs.ts'
import type { Store } from '../../../store/store.ts'
import type { OpenedEntry } from '../../open-entry.ts'

/** A log, the inputs: what belongs to an entry and is no output. */
const MOST_UNREAD = 16

/**
 * Confirms the packs from elsewhere of which a restore has just read, and so checked, all that they hold:
 * the save that follows need not read them again. Of what the restore had no use for, little may be left.
 * Trouble is nobody's: all is in place, and the save reads what was not confirmed.
 */
export function confirmReceived(
  store: Store,
  opened: Pick<OpenedEntry, 'manifest' | 'locator' | 'packs' | 'algorithm'>,
  directories: readonly MadeDirectory[],
): void {
  try {
    confirmPacks(store, opened, directories)
  } catch (error) {
    if (!isFailure(error)) throw error
  }
}

function confirmPacks(
  store: Store,
  opened: Parameters<typeof confirmReceived>[1],
  directories: readonly MadeDirectory[],
): void {
  const unchecked = new Set(listReceived(store))
  if (!opened.manifest.blobs.some((digest) => unchecked.has(digest))) return
  const checked = findChecked(directories, opened)
  for (const [index, { digest, blob }] of opened.packs.entries()) {
    // The manifest's own blob is the first.
    const pack = { blob, order: index + 1 }
    if (unchecked.has(digest) && isRight(pack, checked, opened.locator))
      noteConfirmed(store, digest)
  }
}

/** What a restore has read, and so checked. */
interface Checked {
  /** 1 for each such row of the locator's table. Where several packs have a content, one of them was read. */
  readonly rows: Uint8Array
  /** Contents that were read as the chunks that they were cut into. */
  readonly cut: ReadonlySet<Digest>
}

/** Of all that lies in directories that were made: files, what large ones were cut into, and the nodes. */
function findChecked(
  directories: readonly MadeDirectory[],
  { locator, algorithm }: Pick<OpenedEntry, 'locator' | 'algorithm'>,
): Checked {
  const rows = new Uint8Array(locator.table.count)
  const cut = new Set<Digest>()

  function check(digest: Buffer): void {
    const row = locator.table.find(digest)
    if (row === undefined) cut.add(digestFromBytes(digest))
    else rows[row] = 1
  }

  const { digestBytes } = algorithm
  for (const directory of directories) {
    const { mode, size, digests, node } = readColumns(directory.listing, digestBytes)
    if (node !== undefined) check(node.output)
    for (let index = 0; index < mode.length; index += 1) {
      if (typeOf(mode[index] as number) !== FILE_TYPE) continue
      const digest = digests.subarray(index * digestBytes, (index + 1) * digestBytes)
      check(digest)
      if ((size[index] as number) < CHUNKED_FROM_BYTES) continue
      for (const slice of locator.locate(digest)) check(Buffer.from(slice.digest))
    }
  }
  return { rows, cut }
}

interface OpenPack {
  readonly blob: BlobReader
  readonly order: number
}

/** @throws {TaskVaultError} BLOB_CORRUPT */
function isRight({ blob, order }: OpenPack, checked: Checked, locator: ContentLocator): boolean {
  const { contents, chunked } = blob.index
  if (!chunked.every((content) => isMadeOf(content, checked, locator))) return false
  const firstRow = locator.table.firstRow(order)
  const unread: number[] = []
  for (let row = 0; row < contents.count; row += 1) {
    const isIts = locator.table.packOf(firstRow + row) === order
    if (isIts && checked.rows[firstRow + row] === 1) continue
    unread.push(row)
    if (unread.length > MOST_UNREAD) return false
  }
  for (const row of unread) blob.readContent(contents.read(row))
  return true
}

/** Whether a large content was read as the chunks that this list of them names. */
function isMadeOf(
  { digest, chunks }: ChunkedContent,
  { cut }: Checked,
  locator: ContentLocator,
): boolean {
  if (!cut.has(digestFromBytes(digest))) return false
  const read = Buffer.concat(locator.locate(digest).map((slice) => slice.digest))
  return read.equals(Buffer.concat(chunks))
}
