import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { removeTree } from '../../files/remove-tree.ts'
import { STAGING_PREFIX } from '../../files/scanning/observe-directory.ts'
import { forgetStaging, recordStaging } from '../../store/locks/sessions.ts'
import type { OpenParts } from '../open-parts.ts'

/** Gives `work` an empty directory in the cache's own, which is gone afterwards. */
export async function inOwnDirectory<Result>(
  { store, settings }: Pick<OpenParts, 'store' | 'settings'>,
  work: (directory: string) => Promise<Result>,
): Promise<Result> {
  const name = `${STAGING_PREFIX}${store.sessionId}-${randomBytes(4).toString('hex')}`
  const directory = path.join(settings.cacheDirectory, name)
  // Somebody clears it should this process die.
  recordStaging(store, [directory])
  try {
    mkdirSync(directory, { mode: 0o700 })
    return await work(directory)
  } finally {
    removeTree(directory)
    forgetStaging(store, [directory])
  }
}
