import { digestFromBytes } from '../../../model/digest.ts'
import type { TaskName } from '../../../model/task.ts'
import type { UsedBlob } from '../../../store/blobs/packed-contents.ts'
import { enterConfirmed } from '../../../store/blobs/received-packs.ts'
import type { Store } from '../../../store/store.ts'

/** No name goes on with it. */
const LAST = '\u{10FFFF}'

/**
 * Looks for entries that may have much in common with one of a task: its own, and those of tasks whose names
 * begin the same up to the last `/`, as the names of caches do whose keys somebody has written. What restores
 * have confirmed of them can be found from now on.
 * @returns raw bytes of the outputs of the largest; 0 when there is none.
 * @throws {TaskVaultError} as the database and the file system do.
 */
export async function findKin(store: Store, task: TaskName): Promise<number> {
  const beginning = beginningOf(task)
  const isKin = (other: string): boolean =>
    other === task || (beginning !== '' && other.startsWith(beginning))
  const row = store.database
    .prepare('SELECT max(size) AS most FROM cache_entries WHERE task BETWEEN ? AND ?')
    .get(...rangeOf(task))
  const most = Number(row?.['most'] ?? 0)
  if (most > 0) await enterConfirmed(store, isKin)
  return most
}

/** The packs of the entry among those that was published last. */
export function listNewestPacks(store: Store, task: TaskName): readonly UsedBlob[] {
  const rows = store.database
    .prepare(
      `SELECT b.number, b.digest FROM entry_blobs AS n JOIN blobs AS b ON b.number = n.blob
       WHERE n.entry = (SELECT max(number) FROM cache_entries WHERE task BETWEEN ? AND ?)`,
    )
    .all(...rangeOf(task))
  return rows.map((row) => ({
    number: Number(row['number']),
    digest: digestFromBytes(row['digest'] as Uint8Array),
  }))
}

function rangeOf(task: TaskName): [string, string] {
  const beginning = beginningOf(task)
  return beginning === '' ? [task, task] : [beginning, beginning + LAST]
}

function beginningOf(task: TaskName): string {
  return task.slice(0, task.lastIndexOf('/') + 1)
}
