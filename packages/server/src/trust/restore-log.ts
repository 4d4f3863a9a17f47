import type { OpenDatabase } from '../database/open-database.ts'

/** Remembers what each session has restored: the entries that it writes later were made from that. */
export interface RestoreLog {
  /** Resolves when it outlives this process; a loss of power, once the session has published. */
  record(sessionId: string, entryId: string): Promise<void>
  /** Ids, each once, in order. */
  list(sessionId: string): Promise<readonly string[]>
}

const MOST_REMEMBERED = 50_000

export function createRestoreLog({
  database,
  quick,
}: Pick<OpenDatabase, 'database' | 'quick'>): RestoreLog {
  // A job asks for the same entry again and again; only the first time is news.
  const recorded = new Set<string>()

  return {
    record: async (sessionId, entryId) => {
      const name = `${sessionId} ${entryId}`
      if (recorded.has(name)) return
      await quick
        .insertInto('session_restores')
        .columns(['session_id', 'entry_id'])
        // Of a session that is over and forgotten, nothing has to be remembered.
        .expression((expression) =>
          expression
            .selectFrom('sessions')
            .select(['sessions.id', expression.val(entryId).as('entry_id')])
            .where('sessions.id', '=', sessionId),
        )
        .onConflict((conflict) => conflict.columns(['session_id', 'entry_id']).doNothing())
        .execute()
      if (recorded.size >= MOST_REMEMBERED) recorded.clear()
      recorded.add(name)
    },
    list: async (sessionId) => {
      const rows = await database
        .selectFrom('session_restores')
        .select('entry_id')
        .where('session_id', '=', sessionId)
        .orderBy('entry_id')
        .execute()
      return rows.map((row) => row.entry_id)
    },
  }
}
