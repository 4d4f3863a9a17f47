import { statSync } from 'node:fs'
import { isThere } from '../../files/is-there.ts'
import { removeFile } from '../../files/remove-file.ts'
import { blobPath } from '../blobs/blob-path.ts'
import { listReceived, receivedNotePath } from '../blobs/received-packs.ts'
import type { Store } from '../store.ts'
import { GRACE_MS } from './collect-unreferenced.ts'

/**
 * Removes notes on packs that came from elsewhere and are gone. A young one stays: its pack may be about to come again,
 * and a pack without a note would be believed.
 */
export function collectReceivedNotes({ cacheDirectory, now }: Store): void {
  for (const digest of listReceived({ cacheDirectory })) {
    const path = receivedNotePath({ cacheDirectory }, digest)
    const found = statSync(path, { throwIfNoEntry: false })
    const isOld = found !== undefined && Math.abs(now() - found.mtimeMs) > GRACE_MS
    // Last: a pack that comes again is there before its note.
    if (isOld && !isThere(blobPath(cacheDirectory, digest))) removeFile(path)
  }
}
