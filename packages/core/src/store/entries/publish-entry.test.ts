import { readFileSync, readdirSync, rmSync, truncateSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TaskVaultError } from '../../errors.ts'
import type { TaskName } from '../../model/task.ts'
import {
  keyOf,
  openTemporaryStore,
  saveSample,
  storePack,
  trySaveSample,
} from '../../testing/temporary-store.ts'
import { tailAudit } from '../audit/audit-log.ts'
import { verifyAudit } from '../audit/verify-audit.ts'
import { blobPath, blobsDirectory } from '../blobs/blob-path.ts'
import { rebuildIndex } from '../repair/rebuild-index.ts'
import { verifyStore } from '../repair/verify-store.ts'
import type { Store } from '../store.ts'
import { findEntriesByPrefix, findEntry, listEntries } from './entries.ts'
import { recordError, recordHit, recordMiss } from './record-use.ts'
import { removeEntry } from './remove-entry.ts'
import { readStatistics } from './statistics.ts'

test('a published entry is found by its key, with what was said of it', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()

  const { key, blob } = saveSample(store, { name: 'a', ttlMs: 1000, strategy: 'lfu', sizeBytes: 5 })

  expect(findEntry(store, { scope: 'local', key })).toEqual({
    number: 1,
    task: 'unit_tests',
    key,
    scope: 'local',
    createdAtMs: temporary.nowMs,
    accessedAtMs: temporary.nowMs,
    expiresAtMs: temporary.nowMs + 1000,
    isExpired: false,
    sizeBytes: 5,
    fileCount: 1,
    hits: 0,
    exitCode: 0,
    durationMs: 1500,
    origin: { platform: 'local', branch: 'main' },
    strategy: 'lfu',
    blob,
  })
  expect(findEntry(store, { scope: 'other', key })).toBeUndefined()
  expect(findEntry(store, { scope: 'local', key: keyOf(store, 'b') })).toBeUndefined()
})

test('entries are listed by task, newest first, and page by page', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  for (const name of ['1', '2', '3']) saveSample(store, { name, task: 'a' })
  saveSample(store, { name: '4', task: 'b' })

  const first = listEntries(store, { task: 'a' as TaskName, limit: 2 })
  const second = listEntries(store, {
    task: 'a' as TaskName,
    limit: 2,
    after: first.at(-1)!.number,
  })

  expect([...first, ...second].map((entry) => entry.key)).toEqual(
    ['3', '2', '1'].map((name) => keyOf(store, name)),
  )
  expect(listEntries(store)).toHaveLength(4)
  const key = keyOf(store, '4')
  expect(findEntriesByPrefix(store, key.slice(0, 12), 2).map((entry) => entry.key)).toEqual([key])
  expect(findEntriesByPrefix(store, 'zz', 2)).toEqual([])
})

test('a pack without a row, without a file, or cut off is reported, and nothing is published', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  const [gone, cut, unknown] = ['gone', 'cut', 'unknown'].map((name) =>
    storePack(store, name, 1000),
  )
  rmSync(blobPath(store.cacheDirectory, gone!.digest))
  truncateSync(blobPath(store.cacheDirectory, cut!.digest), 10)

  for (const pack of [gone!, cut!, { ...unknown!, number: 99 }]) {
    expect(trySaveSample(store, { name: 'a', packs: [pack] })).toBeUndefined()
  }

  expect(listEntries(store)).toEqual([])
  expect(readStatistics(store, 0).saves).toBe(0)
})

test('a number that means another blob since a rebuild is not taken for the old one', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  const [one, two] = ['one', 'two'].map((name) => storePack(store, name, 1000))

  expect(
    trySaveSample(store, { name: 'a', packs: [{ ...one!, number: two!.number }] }),
  ).toBeUndefined()
})

test('an entry replaces the one with its key, whose own blobs go', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  const [shared, own] = ['shared', 'own'].map((name) => storePack(store, name, 1000))
  const first = saveSample(store, { name: 'a', packs: [shared!, own!] })
  temporary.nowMs += 1

  const second = saveSample(store, { name: 'a', packs: [shared!] })

  expect(findEntry(store, { scope: 'local', key: first.key })?.blob).toBe(second.blob)
  expect(readdirSync(blobsDirectory(store.cacheDirectory)).toSorted()).toEqual(
    [shared!.digest, second.blob].toSorted(),
  )
  expect(readStatistics(store, 0)).toMatchObject({ entries: 1, saves: 2 })
  expect((await verifyStore(store)).findings).toEqual([])
})

test('publishing the same manifest twice is no harm', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  const first = saveSample(store, { name: 'a', sizeBytes: 10 })

  const second = saveSample(store, { name: 'a', sizeBytes: 10 })

  expect(second.blob).toBe(first.blob)
  expect((await verifyStore(store)).findings).toEqual([])
})

test('an entry that was published while the index was rebuilt elsewhere is in the new one', async () => {
  using temporary = await openTemporaryStore()
  const [store, other] = [await temporary.open(), await temporary.open()]
  saveSample(store, { name: 'before' })
  await rebuildIndex(other, 'always')

  const { key } = saveSample(store, { name: 'after' })

  const third = await temporary.open()
  expect(findEntry(third, { scope: 'local', key })).toBeDefined()
  expect(listEntries(third)).toHaveLength(2)
  // Without following the new file, the entry is where nobody looks.
  const { database } = other
  const stuck: Store = {
    ...other,
    database: {
      ...database,
      followReplacement: () => false,
      transaction(_durability, work) {
        database.exec('BEGIN IMMEDIATE')
        const result = work()
        database.exec('COMMIT')
        return result
      },
    },
  }
  const lost = saveSample(stuck, { name: 'lost' })
  expect(findEntry(third, { scope: 'local', key: lost.key })).toBeUndefined()
})

test('removing an entry removes what only it needed, and can be repeated', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  const pack = storePack(store, 'shared', 1000)
  saveSample(store, { name: 'a', packs: [pack] })
  const kept = saveSample(store, { name: 'b', packs: [pack] })

  expect(removeEntry(store, 1, 'rm')).toMatchObject({ task: 'unit_tests', key: keyOf(store, 'a') })
  expect(removeEntry(store, 1, 'rm')).toBeUndefined()

  expect(readdirSync(blobsDirectory(store.cacheDirectory)).toSorted()).toEqual(
    [kept.blob, pack.digest].toSorted(),
  )
  expect((await verifyStore(store)).findings).toEqual([])
})

test('every operation is one line of the log, and what it counts is one row', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  const task = 'unit_tests' as TaskName
  const { key } = saveSample(store, { name: 'a' })
  const entry = findEntry(store, { scope: 'local', key })!

  recordHit(store, entry, { savedMs: 1234.4 })
  recordMiss(store, {
    task,
    key,
    reasons: [{ kind: 'env-changed', name: 'SECRET_NAME', now: 'other' }, { kind: 'expired' }],
  })
  const error = new TaskVaultError(
    'INPUT_MISSING',
    'Could not read https://user:hunter2@example.com',
  )
  recordError(store, { operation: 'hash_error', task, error })
  removeEntry(store, entry.number, 'rm')

  expect(
    tailAudit(store.cacheDirectory, 9).map((line) =>
      line.replace(/^\S+ | chain=\S+$| key=\S+/g, ''),
    ),
  ).toEqual([
    `SAVE put task=unit_tests hash=${key.slice(0, 8)}... size=0 files=1 exit=0 platform=local branch=main`,
    `HIT get task=unit_tests hash=${key.slice(0, 8)}... saved_ms=1234`,
    `MISS get task=unit_tests hash=${key.slice(0, 8)}... because=env-changed,expired`,
    'ERROR hash_error task=unit_tests error=INPUT_MISSING',
    expect.stringMatching(/^INVALIDATE rm task=unit_tests hash=\S+ freed=\d+$/),
  ])
  expect(readStatistics(store, 9)).toEqual({
    entries: 0,
    entryBytes: 0,
    storedBytes: 0,
    limitBytes: 9,
    hits: 1,
    misses: 1,
    saves: 1,
    evictions: 0,
    savedMs: 1234,
  })
  expect(verifyAudit(store)).toMatchObject({ kind: 'sound', lines: 5 })
  expect(readFileSync(`${store.cacheDirectory}/audit.log`, 'utf8')).not.toMatch(
    /hunter2|SECRET_NAME/,
  )
})

test('statistics are read from one row, whatever there is', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()

  const plan = store.database.prepare('EXPLAIN QUERY PLAN SELECT * FROM totals WHERE id = 1').all()

  expect(plan.map((row) => row['detail'])).toEqual([
    'SEARCH totals USING INTEGER PRIMARY KEY (rowid=?)',
  ])
})
