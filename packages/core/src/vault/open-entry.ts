import { TaskVaultError, isTaskVaultError } from '../errors.ts'
import type { HashAlgorithm } from '../hashing/hash-algorithm.ts'
import { digestToBytes } from '../model/digest.ts'
import type { Digest } from '../model/digest.ts'
import type { Manifest } from '../model/manifest.ts'
import { blobPath } from '../store/blobs/blob-path.ts'
import { createContentLocator } from '../store/blobs/content-locator.ts'
import type { ContentLocator } from '../store/blobs/content-locator.ts'
import { findIndexedBlob } from '../store/blobs/indexed-blob.ts'
import { openBlob, readManifest } from '../store/blobs/pack-reader.ts'
import { verifyContent } from '../store/blobs/verify-content.ts'
import type { NamedBlob } from '../store/blobs/verify-content.ts'
import type { EntryRow } from '../store/entries/entries.ts'
import { afterRemovals } from '../store/removal/after-removals.ts'
import type { Store } from '../store/store.ts'

/** An entry with all its blobs open: none can go while it is not disposed. */
export interface OpenedEntry extends Disposable {
  readonly manifest: Manifest
  readonly locator: ContentLocator
  /** Checks that a content is all there. @throws {TaskVaultError} BLOB_MISSING, BLOB_CORRUPT. */
  verify(digest: Digest): void
  /** The one that the entry was saved with. */
  readonly algorithm: HashAlgorithm
  /** The numbers of the packs that hold a content; undefined for one kept with the manifest itself. */
  blobsOf(digest: Buffer): readonly number[] | undefined
  /** The number of a pack, by its place in the manifest from 1; undefined when the index has lost it. */
  blobNumber(place: number): number | undefined
  /** In the order of the manifest. */
  readonly packs: readonly NamedBlob[]
}

/**
 * Opens an entry and checks that it is the one asked for: the index may be damaged, the manifest
 * says itself which key it answers to.
 * @throws {TaskVaultError} BLOB_MISSING, BLOB_CORRUPT, ENTRY_DAMAGED; TOO_MANY_OPEN_FILES.
 */
export async function openEntry(store: Store, entry: EntryRow): Promise<OpenedEntry> {
  using stack = new DisposableStack()
  const blob = stack.use(await openBlob(blobPath(store.cacheDirectory, entry.blob)))
  blob.verifyFile(entry.blob)
  const manifest = readManifest(blob)
  if (!answersTo(manifest, entry)) {
    throw new TaskVaultError('ENTRY_DAMAGED', 'The index names another manifest than this key has')
  }
  const blobs: NamedBlob[] = [{ blob, digest: entry.blob }]
  for (const digest of manifest.blobs) {
    blobs.push({ blob: stack.use(await openBlob(blobPath(store.cacheDirectory, digest))), digest })
  }
  const kept = stack.move()
  const locator = createContentLocator(
    blobs.map((named) => named.blob),
    blob.algorithm,
  )
  const blobNumber = createNumberLookup(store, manifest)
  return {
    manifest,
    locator,
    verify: (digest) => verifyContent(digestToBytes(digest), locator, blobs),
    algorithm: blob.algorithm,
    packs: blobs.slice(1),
    blobNumber,
    blobsOf(digest) {
      const found = locator.blobsOf(digest)?.map(blobNumber)
      return found?.every((number) => number !== undefined) === true ? found : undefined
    },
    [Symbol.dispose]: () => kept.dispose(),
  }
}

/** Whether a manifest is the one of an entry: it says so itself. */
export function answersTo(
  manifest: Manifest,
  entry: Pick<EntryRow, 'task' | 'key' | 'scope'>,
): boolean {
  return (
    manifest.key === entry.key && manifest.scope === entry.scope && manifest.task === entry.task
  )
}

/** Damage is in what the vault holds; anything else that fails is the machine's or the caller's. */
export function isDamage(error: unknown): error is TaskVaultError {
  return isTaskVaultError(error, 'BLOB_MISSING', 'BLOB_CORRUPT', 'ENTRY_DAMAGED')
}

/** Whether the index still has this very entry: another one for the same key has another number. */
export function isCurrent(store: Store, { number }: Pick<EntryRow, 'number'>): boolean {
  const select = store.database.prepare('SELECT 1 FROM cache_entries WHERE number = ?')
  return afterRemovals(store, () => select.get(number) !== undefined)
}

/** Asks for each blob's number once. The first blob is the manifest's own, which nothing can share. */
function createNumberLookup(store: Store, manifest: Manifest): OpenedEntry['blobNumber'] {
  const numbers = new Map<number, number | undefined>([[0, undefined]])
  return (place) => {
    if (!numbers.has(place)) {
      const blob = manifest.blobs[place - 1]
      numbers.set(place, blob === undefined ? undefined : findIndexedBlob(store, blob)?.number)
    }
    return numbers.get(place)
  }
}
