import { isTaskVaultError } from '@taskvault/core'
import type { ObjectStore } from '@taskvault/core'
import { createMemoryObjectStore } from '@taskvault/core/testing'
import { asyncProperty, array, assert, constantFrom, nat, record } from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../database/open-database.ts'
import type { Database } from '../database/schema.ts'
import { temporarySqlite } from '../testing/temporary-database.ts'
import type { Principal } from '../trust/principal.ts'
import { HEALTH_KEY } from './health.ts'
import { findMiscounts } from './testing/find-miscounts.ts'
import { openTestEngine } from './testing/open-engine.ts'
import type { TestEngine } from './testing/open-engine.ts'
import {
  ADMIN,
  BRANCH,
  MAIN,
  PULL,
  draftOf,
  place,
  sampleBlob,
  send,
  writerOf,
} from './testing/sample-entries.ts'

const SCOPE_BYTES = 1_000
const TENANT_BYTES = 1_800
const MINUTE = 60_000

const BLOBS = Array.from({ length: 8 }, (_, index) =>
  sampleBlob(Buffer.alloc(60 + 40 * index, index)),
)
const WRITERS = [MAIN, BRANCH, PULL].map((scope) => writerOf(scope))

interface Step {
  readonly kind: 'send' | 'publish' | 'find' | 'remove' | 'quarantine' | 'wait' | 'collect'
  readonly who: Principal
  readonly pick: number
}

const STEPS = array(
  record<Step>({
    kind: constantFrom(
      'send',
      'send',
      'publish',
      'publish',
      'find',
      'remove',
      'quarantine',
      'wait',
      'collect',
    ),
    who: constantFrom(...WRITERS),
    pick: nat(1_000),
  }),
  { minLength: 10, maxLength: 60 },
)

test('in any history, counts are right, limits hold, and entries have their blobs', async () => {
  await assert(
    asyncProperty(STEPS, async (steps) => {
      const opened = await openDatabase(temporarySqlite())
      onTestFinished(async () => await opened[Symbol.asyncDispose]())
      const objects = createMemoryObjectStore()
      const limits = { scopeBytes: SCOPE_BYTES, tenantBytes: TENANT_BYTES }
      const held = await openTestEngine(opened, { objects, limits })

      for (const step of steps) {
        await take(held, step)
        expect(await findBrokenPromises(opened.database, objects)).toEqual([])
      }
      held.advance(60 * 24 * 60 * MINUTE)
      await held.engine.collect()

      expect(await findOrphans(opened.database, objects)).toEqual([])
    }),
    { numRuns: 15 },
  )
}, 60_000)

async function take(
  { engine, advance, now }: TestEngine,
  { kind, who, pick }: Step,
): Promise<void> {
  const blob = BLOBS[pick % BLOBS.length]!
  const other = BLOBS[(pick * 7) % BLOBS.length]!
  const key = `k${pick % 9}`
  const expiresAtMs = pick % 4 === 0 ? now() + 30 * MINUTE : undefined
  const steps = {
    send: async () => await send(engine, who, blob),
    publish: async () => await engine.publish(who, draftOf(key, [blob, other], { expiresAtMs })),
    find: async () => await engine.find(who, place(key)),
    remove: async () => await engine.remove(ADMIN, await pickEntry(engine, pick)),
    quarantine: async () => await engine.quarantine(ADMIN, await pickEntry(engine, pick), 'chance'),
    wait: async () => advance((pick % 200) * MINUTE),
    collect: async () => await engine.collect(),
  }
  try {
    await steps[kind]()
  } catch (error) {
    if (!isTaskVaultError(error, 'QUOTA_EXCEEDED', 'NOT_FOUND')) throw error
  }
}

async function pickEntry(engine: TestEngine['engine'], pick: number): Promise<string> {
  const entries = await engine.list(ADMIN, { limit: 100 })
  return entries[pick % Math.max(entries.length, 1)]?.id ?? 'none'
}

async function findBrokenPromises(
  database: Database,
  objects: ObjectStore,
): Promise<readonly string[]> {
  const scopes = await database.selectFrom('scopes').select(['name', 'used_bytes']).execute()
  const used = scopes.reduce((sum, scope) => sum + scope.used_bytes, 0)
  const needed = await database
    .selectFrom('entry_blobs')
    .innerJoin('blobs', 'blobs.object_key', 'entry_blobs.object_key')
    .select('blobs.object_key')
    .execute()
  const present = await Promise.all(
    needed.map(async ({ object_key }) => (await objects.head(object_key)) !== undefined),
  )
  return [
    ...(await findMiscounts(database)),
    ...scopes
      .filter((scope) => scope.used_bytes > SCOPE_BYTES)
      .map((scope) => `${scope.name} is too full`),
    ...(used > TENANT_BYTES ? ['the tenant is too full'] : []),
    ...(present.every(Boolean) ? [] : ['an entry lacks a blob']),
  ]
}

async function findOrphans(database: Database, objects: ObjectStore): Promise<readonly string[]> {
  const rows = await database.selectFrom('blobs').select('object_key').execute()
  const known = new Set(rows.map((row) => row.object_key))
  const orphans: string[] = []
  for await (const { key } of objects.list('')) {
    if (key !== HEALTH_KEY && !known.has(key)) orphans.push(key)
  }
  return orphans
}
