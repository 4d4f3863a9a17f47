import type { CompiledQuery } from 'kysely'
import { ENTRY_STATES } from '../../database/engine-tables.ts'
import type { Database, DatabaseTransaction } from '../../database/schema.ts'
import { ENTRY_COLUMNS } from './entry-rows.ts'
import type { EntryRow } from './entry-rows.ts'

export interface EntryPlace {
  readonly tenantId: string
  readonly scopes: readonly string[]
  readonly namespace: string
  readonly key: string
}

/** The entry that answers for a key in each of these scopes, in no order; expired ones are among them. */
export async function findLiveEntries(
  database: Database | DatabaseTransaction,
  { tenantId, scopes, namespace, key }: EntryPlace,
): Promise<readonly EntryRow[]> {
  if (scopes.length === 0) return []
  const question = compiledFor(database, scopes.length)
  const parameters = [tenantId, ...scopes, namespace, key]
  const { rows } = await database.executeQuery<EntryRow>({ ...question, parameters })
  return rows
}

type Question = CompiledQuery<EntryRow>

const compiled = new WeakMap<object, Map<number, Question>>()

/** By far the most frequent question of all: writing it down anew costs more than its answer. */
function compiledFor(database: Database | DatabaseTransaction, scopes: number): Question {
  const executor = database.getExecutor()
  const questions = compiled.get(executor.adapter) ?? new Map<number, Question>()
  compiled.set(executor.adapter, questions)
  const known = questions.get(scopes) ?? compile(database, scopes)
  questions.set(scopes, known)
  return known
}

function compile(database: Database | DatabaseTransaction, scopes: number): Question {
  return (
    database
      .selectFrom('entries')
      .select(ENTRY_COLUMNS)
      .where('tenant_id', '=', '')
      .where(
        'scope',
        'in',
        Array.from({ length: scopes }, () => ''),
      )
      .where('namespace', '=', '')
      .where('key', '=', '')
      // Spelt out, as the index that holds live entries alone spells it.
      .where('state', '=', (of) => of.lit(ENTRY_STATES.LIVE))
      .compile()
  )
}
