import { statSync } from 'node:fs'
import { join } from 'node:path'
import { systemErrorCode } from '../../errors.ts'
import { ensureDirectory } from '../../files/ensure-directory.ts'
import { writeAtomically } from '../../files/write-atomically.ts'
import type { EntryRecord } from '../../model/entry-record.ts'
import { quarantineDirectory } from '../../store/repair/move-to-quarantine.ts'
import type { Store } from '../../store/store.ts'

/**
 * How long an entry of the remote store that proved wrong is not fetched again. Not for ever: what was
 * wrong may have been the line between.
 */
const REFUSED_MS = 60 * 60 * 1000

type Place = Pick<Store, 'cacheDirectory' | 'now'>

/** Whether this entry was fetched not long ago, and was not what it should have been. */
export function isRefused({ cacheDirectory, now }: Place, record: EntryRecord): boolean {
  const found = statSync(notePath(cacheDirectory, record), { throwIfNoEntry: false })
  return found !== undefined && Math.abs(now() - found.mtimeMs) < REFUSED_MS
}

/** Sets the entry aside: a note lies in quarantine, and says whose it was. */
export function refuseRecord({ cacheDirectory }: Place, record: EntryRecord, code: string): void {
  const { id, scope, task, key, writer } = record
  try {
    ensureDirectory(quarantineDirectory(cacheDirectory))
    const note = JSON.stringify({ id, scope, task, key, writer, code })
    writeAtomically(notePath(cacheDirectory, record), Buffer.from(`${note}\n`))
  } catch (error) {
    // It costs a transfer each time, and nothing else.
    if (systemErrorCode(error) === undefined) throw error
  }
}

function notePath(cacheDirectory: string, { manifest }: EntryRecord): string {
  return join(quarantineDirectory(cacheDirectory), `remote-${manifest.name}`)
}
