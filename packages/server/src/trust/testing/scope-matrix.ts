import { isTaskVaultError } from '@taskvault/core'
import { onTestFinished } from 'vitest'
import { openDatabase } from '../../database/open-database.ts'
import type { EngineLimits } from '../../engine/engine-options.ts'
import type { Engine, NewEntry } from '../../engine/engine.ts'
import { openTestEngine } from '../../engine/testing/open-engine.ts'
import type { TestEngine } from '../../engine/testing/open-engine.ts'
import { draftOf, place, sampleBlob, streamOf } from '../../engine/testing/sample-entries.ts'
import type { SampleBlob } from '../../engine/testing/sample-entries.ts'
import { temporarySqlite } from '../../testing/temporary-database.ts'
import type { Principal } from '../principal.ts'
import type { AccessCase } from './access-cases.ts'
import { problemsOf } from './access-cases.ts'

/** A line of the table, and whom the server takes its job for. */
export interface Caller {
  readonly row: AccessCase
  readonly who: Principal
}

interface Writing extends Caller {
  /** Of a blob and an entry that nobody else has. */
  readonly key: string
  readonly blob: SampleBlob
  /** Where its entry lies; undefined: it was refused. */
  readonly scope: string | undefined
}

/** The key that every job saves, each with other contents. */
const SHARED_KEY = 'shared'

/**
 * Lets every job write, then every job read what every other has written, and tells what does not agree
 * with the table: what was written although the table says nothing, was written elsewhere, or was read
 * by whom it is not for. Least trusted first, as an attacker would.
 */
export async function findLeaks(
  engine: Engine,
  callers: readonly Caller[],
): Promise<readonly string[]> {
  const problems: string[] = []
  const writings: Writing[] = []
  for (const [index, caller] of callers.entries()) {
    writings.push(await write(engine, caller, index))
  }
  for (const { row, who, scope } of writings) {
    if (scope !== row.writes) problems.push(`${nameOf(row)} wrote ${scope}, not ${row.writes}`)
    for (const problem of problemsOf(who, row)) problems.push(`${nameOf(row)}: ${problem}`)
  }
  const scopes = new Set(writings.flatMap(({ scope }) => scope ?? []))
  for (const caller of callers) {
    problems.push(...(await findWronglyRead(engine, caller, writings)))
    problems.push(...(await findSquatted(engine, caller, scopes)))
  }
  return problems
}

async function write(engine: Engine, { row, who }: Caller, index: number): Promise<Writing> {
  const blob = sampleBlob(`${index} ${row.kind} ${row.of}`)
  const key = `own-${index}`
  try {
    await engine.storeBlob(who, blob, streamOf(blob.content))
    const scope = await publish(engine, who, draftOf(key, [blob]))
    await publish(engine, who, draftOf(SHARED_KEY, [blob]))
    return { row, who, key, blob, scope }
  } catch (error) {
    if (!isTaskVaultError(error, 'FORBIDDEN')) throw error
    return { row, who, key, blob, scope: undefined }
  }
}

async function publish(
  engine: Engine,
  who: Principal,
  draft: NewEntry,
): Promise<string | undefined> {
  const publication = await engine.publish(who, draft)
  return publication.kind === 'blobs-missing' ? undefined : publication.entry.scope
}

/** Entries and blobs that `caller` gets and should not, or should and does not. */
async function findWronglyRead(
  engine: Engine,
  { row, who }: Caller,
  writings: readonly Writing[],
): Promise<readonly string[]> {
  const problems: string[] = []
  const missing = new Set(
    await engine.findMissing(
      who,
      writings.map(({ blob }) => blob.name),
    ),
  )
  for (const writing of writings) {
    const isForUs = writing.scope !== undefined && row.reads.includes(writing.scope)
    const entry = await engine.find(who, place(writing.key))
    const blob = await engine.headBlob(who, writing.blob.name)
    const seen = {
      entry: entry !== undefined,
      blob: blob !== undefined,
      name: !missing.has(writing.blob.name),
    }
    for (const [what, isSeen] of Object.entries(seen)) {
      if (isSeen === isForUs) continue
      const verb = isSeen ? 'sees' : 'does not see'
      problems.push(`${nameOf(row)} ${verb} the ${what} of ${nameOf(writing.row)}`)
    }
  }
  return problems
}

/** Whoever was there first with a key: what is found is one's own, else that of the first to be trusted. */
async function findSquatted(
  engine: Engine,
  { row, who }: Caller,
  scopes: ReadonlySet<string>,
): Promise<readonly string[]> {
  const expected = row.reads.find((scope) => scopes.has(scope))
  const found = await engine.find(who, place(SHARED_KEY))
  return found?.scope === expected
    ? []
    : [`${nameOf(row)} finds the key in ${found?.scope}, not in ${expected}`]
}

/** The real engine over an SQLite file, both gone after the test. */
export async function openSqliteEngine(limits: Partial<EngineLimits> = {}): Promise<TestEngine> {
  const opened = await openDatabase(temporarySqlite())
  onTestFinished(async () => await opened[Symbol.asyncDispose]())
  return await openTestEngine(opened, { limits })
}

export function nameOf({ kind, of }: AccessCase): string {
  return `${kind}, ${of}`
}
