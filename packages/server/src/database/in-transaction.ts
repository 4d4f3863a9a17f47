import { setTimeout as sleep } from 'node:timers/promises'
import { isTaskVaultError } from '@taskvault/core'
import type { Database, DatabaseTransaction } from './schema.ts'

const MOST_TRIES = 6
const PAUSE_MS = 10
/** A caller that waits longer has given up. */
const PATIENCE_MS = 4_000

/**
 * Runs `work` in one transaction, and again when another one got in its way or the connection was lost
 * before anything could have been committed; so `work` does nothing but ask and change the database.
 *
 * @throws {TaskVaultError} DATABASE_UNAVAILABLE when the connection was lost at the commit: whether it
 * came to it is then unknown. DATABASE_BUSY.
 */
export async function inTransaction<Result>(
  database: Database,
  work: (transaction: DatabaseTransaction) => Promise<Result>,
): Promise<Result> {
  const endMs = performance.now() + PATIENCE_MS
  for (let tries = 1; ; tries += 1) {
    let isDone = false
    try {
      return await database.transaction().execute(async (transaction) => {
        const result = await work(transaction)
        isDone = true
        return result
      })
    } catch (error) {
      const isWorthIt =
        isTaskVaultError(error, 'DATABASE_BUSY') ||
        (isTaskVaultError(error, 'DATABASE_UNAVAILABLE') && !isDone)
      if (!isWorthIt || tries >= MOST_TRIES || performance.now() > endMs) throw error
      await sleep(PAUSE_MS * 2 ** tries * (0.5 + Math.random()))
    }
  }
}
