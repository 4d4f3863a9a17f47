import { setTimeout as sleep } from 'node:timers/promises'
import { startPostgres } from '../../services/postgres.ts'
import { waitUntil } from '../../services/wait-until.ts'
import { findLosses } from './find-losses.ts'
import { openParts } from './open-parts.ts'
import { runLoad } from './saving-load.ts'
import type { Acknowledged } from './saving-load.ts'

export interface DatabaseRounds {
  readonly root: string
  readonly rounds: number
  readonly forMs: number
  /** Added to the database's address: `?options=…`. */
  readonly parameters?: string
}

export interface DatabaseFindings {
  readonly kills: number
  readonly acknowledged: number
  readonly refused: number
  readonly slowestMs: number
  readonly faults: readonly string[]
}

/** PostgreSQL dies under eight writers as in a loss of power, and comes back, again and again. */
export async function runDatabaseKills({
  root,
  rounds,
  forMs,
  parameters = '',
}: DatabaseRounds): Promise<DatabaseFindings> {
  await using postgres = await startPostgres({ isDurable: true })
  const databaseUrl = `${postgres.createDatabase('vault')}${parameters}`
  const acknowledged: Acknowledged[] = []
  let [refused, slowestMs, lastMs, kills] = [0, 0, performance.now(), 0]
  let isOver = false
  await using parts = await openParts({ root, databaseUrl })
  const load = runLoad({
    engine: parts.engine,
    writers: 8,
    isOver: () => isOver,
    onRefused: () => void (refused += 1),
    onAcknowledged(entry) {
      acknowledged.push(entry)
      slowestMs = Math.max(slowestMs, performance.now() - lastMs)
      lastMs = performance.now()
    },
  })
  try {
    const endMs = performance.now() + forMs
    for (; kills < rounds && performance.now() < endMs; kills += 1) {
      // It is at work again, and then at any moment of what it does.
      const enough = acknowledged.length + 10
      await waitUntil(() => acknowledged.length >= enough, {
        timeoutMs: 60_000,
        tell: () => 'idle',
      })
      await sleep((kills * 97) % 200)
      await postgres.kill()
      await sleep((kills % 3) * 200)
      await postgres.start()
    }
  } finally {
    isOver = true
    await load
  }
  const faults = await findLosses(parts, acknowledged)
  return {
    kills,
    acknowledged: acknowledged.length,
    refused,
    slowestMs: Math.round(slowestMs),
    faults,
  }
}
