import { sql } from 'kysely'
import type { Database } from '../database/schema.ts'

/** What the job of a session has restored, in this session or another, which taints what it publishes. */
export interface RestoreLog {
  /** Resolves when it outlives this process; costs nothing the second time. */
  record(sessionId: string, entryId: string): Promise<void>
  /** Ids, each once, in any order. */
  list(sessionId: string): Promise<readonly string[]>
}

const MOST_KNOWN = 100_000

/**
 * The log in the database, where every server finds it. It is written before a caller is told of an
 * entry. It may be written quickly: what a session publishes is committed after it, to the same log of
 * changes, and cannot outlive it.
 */
export function createRestoreLog(quick: Database): RestoreLog {
  let known = new Set<string>()
  return {
    async record(session_id, entry_id) {
      const pair = `${session_id} ${entry_id}`
      if (known.has(pair)) return
      // A session that is over by now publishes nothing: what it restores taints nothing.
      const row = quick
        .selectFrom('sessions')
        .select(['id', sql<string>`cast(${entry_id} as text)`.as('entry_id')])
        .where('id', '=', session_id)
      await quick
        .insertInto('session_restores')
        .columns(['session_id', 'entry_id'])
        .expression(row)
        .onConflict((conflict) => conflict.doNothing())
        .execute()
      if (known.size >= MOST_KNOWN) known = new Set()
      known.add(pair)
    },
    async list(sessionId) {
      const rows = await quick
        .selectFrom('session_restores')
        .select('entry_id')
        .distinct()
        .where('session_id', 'in', (of) =>
          of
            .selectFrom('sessions')
            .innerJoin('sessions as own', (join) =>
              // No job is no job's equal: a session without one stands for itself.
              join.on((on) =>
                on.or([
                  on('sessions.id', '=', on.ref('own.id')),
                  on('sessions.job', '=', on.ref('own.job')),
                ]),
              ),
            )
            .where('own.id', '=', sessionId)
            .select('sessions.id'),
        )
        .execute()
      return rows.map((row) => row.entry_id)
    },
  }
}
