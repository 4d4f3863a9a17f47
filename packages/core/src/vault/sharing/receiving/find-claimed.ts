import { isTaskVaultError } from '../../../errors.ts'
import type { TaskName } from '../../../model/task.ts'
import { blobPath } from '../../../store/blobs/blob-path.ts'
import { openBlob } from '../../../store/blobs/pack-reader.ts'
import type { UsedBlob } from '../../../store/blobs/packed-contents.ts'
import { listReceived } from '../../../store/blobs/received-packs.ts'
import type { Store } from '../../../store/store.ts'
import { listNewestPacks } from './find-kin.ts'

/** By the digest of a content, in latin1: the pack that says it holds it. */
export type ClaimedContents = ReadonlyMap<string, UsedBlob>

/**
 * What packs say they hold that came from elsewhere for the newest entry of a task or its kin, and that nobody
 * has checked, because a restore found most of it in place. Good enough for an entry that is restored, where
 * each content is checked: saves must not rely on it (docs/adr/0033).
 * @throws {TaskVaultError} as the database and the file system do.
 */
export async function findClaimed(store: Store, task: TaskName): Promise<ClaimedContents> {
  const unchecked = new Set(listReceived(store))
  const packs = listNewestPacks(store, task).filter(({ digest }) => unchecked.has(digest))
  const claimed = new Map<string, UsedBlob>()
  for (const pack of packs) {
    for (const digest of await listContents(store, pack)) claimed.set(digest, pack)
  }
  return claimed
}

async function listContents(store: Store, { digest }: UsedBlob): Promise<readonly string[]> {
  try {
    using blob = await openBlob(blobPath(store.cacheDirectory, digest))
    return blob.listWholeDigests().map((content) => content.toString('latin1'))
  } catch (error) {
    if (isTaskVaultError(error, 'BLOB_MISSING', 'BLOB_CORRUPT')) return []
    throw error
  }
}
