import type { TaskName } from '../../model/task.ts'
import { enterConfirmed } from '../../store/blobs/received-packs.ts'
import type { Store } from '../../store/store.ts'

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
  const beginning = task.slice(0, task.lastIndexOf('/') + 1)
  const isKin = (other: string): boolean =>
    other === task || (beginning !== '' && other.startsWith(beginning))
  const [from, until] = beginning === '' ? [task, task] : [beginning, beginning + LAST]
  const row = store.database
    .prepare('SELECT max(size) AS most FROM cache_entries WHERE task BETWEEN ? AND ?')
    .get(from, until)
  const most = Number(row?.['most'] ?? 0)
  if (most > 0) await enterConfirmed(store, isKin)
  return most
}
