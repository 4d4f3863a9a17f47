import {
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  readFileSync,
  existsSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TaskVaultError } from '../../errors.ts'
import { temporaryPathOf } from '../../files/write-atomically.ts'
import type { TaskName } from '../../model/task.ts'
import { openTemporaryStore, saveSample, storePack } from '../../testing/temporary-store.ts'
import type { SavedSample, StoredPack, TemporaryStore } from '../../testing/temporary-store.ts'
import { blobPath, temporaryBlobPath } from '../blobs/blob-path.ts'
import { findContent } from '../blobs/contents.ts'
import { dropDamagedBlob } from '../blobs/damaged-blob.ts'
import { findEntry, listEntries } from '../entries/entries.ts'
import { invalidate } from '../entries/invalidate.ts'
import { readStatistics } from '../entries/statistics.ts'
import { collectGarbage } from '../removal/collect-garbage.ts'
import { createStatCacheTable } from '../stat-cache/stat-cache-table.ts'
import type { Store } from '../store.ts'
import { quarantineEntry } from './quarantine.ts'
import { verifyStore } from './verify-store.ts'

const HOUR = 60 * 60 * 1000

test('a sound store has no findings, and every byte of it is read', async () => {
  using temporary = await openTemporaryStore()
  const { store } = await fill(temporary)

  const verification = await verifyStore(store)

  expect(verification).toMatchObject({
    findings: [],
    blobs: 4,
    bytes: readStatistics(store, 0).storedBytes,
  })
  expect(temporary.events.at(-1)).toMatchObject({
    kind: 'progress',
    phase: 'verifying',
    unit: 'bytes',
  })
})

test('any change to any blob is found, and repair takes exactly the entries that need it', async () => {
  using temporary = await openTemporaryStore()
  const { store, pack, two } = await fill(temporary)
  const path = blobPath(store.cacheDirectory, pack.digest)
  const original = readFileSync(path)
  await fc.assert(
    fc.asyncProperty(
      fc.nat(original.length - 1),
      fc.integer({ min: 1, max: 255 }),
      async (at, flip) => {
        const changed = Buffer.from(original)
        changed[at] = changed[at]! ^ flip
        writeFileSync(path, changed)

        const { findings } = await verifyStore(store)

        expect(findings).toEqual([
          expect.objectContaining({ kind: 'blob-corrupt', digest: pack.digest, entries: 2 }),
        ])
      },
    ),
    { numRuns: 100 },
  )
  truncateSync(path, 100)

  await verifyStore(store, { repair: true })

  expect(listEntries(store).map((entry) => entry.key)).toEqual([two.key])
  expect(readdirSync(join(store.cacheDirectory, 'quarantine'))).toEqual([pack.digest])
  expect((await verifyStore(store)).findings).toEqual([])
})

test('a name in the schema that was damaged shows when it is used, and repair makes a new index', async () => {
  using temporary = await openTemporaryStore()
  const { store } = await fill(temporary)
  // As a flipped bit would: SQLite's own check finds nothing wrong with it.
  store.database.exec('ALTER TABLE cache_entries RENAME COLUMN blob_path TO blob_qath')

  await verifyStore(store, { repair: true })

  expect(listEntries(store)).toHaveLength(3)
  expect((await verifyStore(store)).findings).toEqual([])
})

test('a blob that is gone is found, and repair lets its entries go', async () => {
  using temporary = await openTemporaryStore()
  const { store, pack, one } = await fill(temporary)
  rmSync(blobPath(store.cacheDirectory, pack.digest))
  rmSync(blobPath(store.cacheDirectory, one.blob))

  const { findings } = await verifyStore(store, { repair: true })

  expect(findings.map((finding) => finding.kind)).toContain('blob-missing')
  expect(listEntries(store)).toHaveLength(1)
  expect((await verifyStore(store)).findings).toEqual([])
})

test.each([
  ['task', `UPDATE cache_entries SET task = 'other' WHERE number = 1`],
  ['size', 'UPDATE cache_entries SET size = size + 1 WHERE number = 1'],
  ['hash', `UPDATE cache_entries SET hash = replace(hash, 'a', 'b') WHERE number = 1`],
  ['metadata', `UPDATE cache_entries SET metadata = '{"exitCode":3}' WHERE number = 1`],
  ['blobs', 'DELETE FROM entry_blobs WHERE entry = 1 AND blob = 1'],
])('a row whose %s differs from its manifest is written again from it', async (detail, damage) => {
  using temporary = await openTemporaryStore()
  const { store, one } = await fill(temporary)
  const before = findEntry(store, { scope: 'local', key: one.key })
  store.database.exec(damage)

  const { findings } = await verifyStore(store, { repair: true })

  expect(findings).toContainEqual(
    expect.objectContaining({ kind: 'entry-mismatch', key: one.key, detail }),
  )
  expect(findEntry(store, { scope: 'local', key: one.key })).toMatchObject({
    ...before,
    number: expect.any(Number),
  })
  expect((await verifyStore(store)).findings).toEqual([])
})

test('sums and counts that are wrong are set right', async () => {
  using temporary = await openTemporaryStore()
  const { store } = await fill(temporary)
  store.database.exec('UPDATE totals SET entries = 7, stored_bytes = 1; UPDATE blobs SET refs = 0')

  const { findings } = await verifyStore(store, { repair: true })

  expect(
    findings.flatMap((finding) => (finding.kind === 'counter-wrong' ? [finding.counter] : [])),
  ).toEqual(['entries', 'stored_bytes', 'refs'])
  expect((await verifyStore(store)).findings).toEqual([])
})

test('contents that are looked for in another blob are found where they are', async () => {
  using temporary = await openTemporaryStore()
  const { store, pack } = await fill(temporary)
  const stray = store.algorithm.hash(Buffer.from('stray'))
  store.database
    .prepare('INSERT INTO contents (digest, blob) VALUES (?, ?)')
    .run(stray, pack.number)

  const { findings } = await verifyStore(store, { repair: true })

  expect(findings).toEqual([{ kind: 'contents-wrong', digest: pack.digest, count: 1 }])
  expect(findContent(store, stray)).toBeUndefined()
  expect((await verifyStore(store)).findings).toEqual([])
})

test('an entry that the index forgot is brought back', async () => {
  using temporary = await openTemporaryStore()
  const { store, one } = await fill(temporary)
  store.database.exec(`DELETE FROM cache_entries; DELETE FROM blobs`)

  const { restoredEntries } = await verifyStore(store, { repair: true })

  expect(restoredEntries).toBe(3)
  expect(findEntry(store, { scope: 'local', key: one.key })).toBeDefined()
  expect((await verifyStore(store)).findings).toEqual([])
})

test('other work gets its turn while blobs are read', async () => {
  using temporary = await openTemporaryStore()
  const { store } = await fill(temporary)
  let hadItsTurn = false
  setImmediate(() => (hadItsTurn = true))

  await verifyStore(store)

  expect(hadItsTurn).toBe(true)
})

test('all subsets together are everything, and each is its own', async () => {
  using temporary = await openTemporaryStore()
  const { store } = await fill(temporary)

  const parts = await Promise.all(
    [1, 2, 3].map(async (n) => (await verifyStore(store, { subset: { n, of: 3 } })).blobs),
  )

  expect(parts.reduce((sum, blobs) => sum + blobs)).toBe(4)
})

test('collection leaves the blobs of entries and of saves in flight, and takes the rest', async () => {
  using temporary = await openTemporaryStore()
  temporary.nowMs = Date.now()
  const { store } = await fill(temporary)
  const kept = readdirSync(join(store.cacheDirectory, 'blobs'))
  const inFlight = storePack(store, 'in flight', 500)
  const blob = 'ab'.repeat(32)
  const leftOver = [
    basename(temporaryBlobPath(store.cacheDirectory)),
    basename(temporaryPathOf(join(store.cacheDirectory, 'blobs', blob))),
    // As they were called once.
    '.tmp-0123456789abcdef01234567',
    `.${blob}.0123456789abcdef.tmp`,
    blob,
  ]
  for (const name of [...leftOver, 'somebody else’s']) {
    writeFileSync(join(store.cacheDirectory, 'blobs', name), 'x'.repeat(10))
    utimesSync(
      join(store.cacheDirectory, 'blobs', name),
      new Date(),
      new Date(Date.now() - 2 * HOUR),
    )
  }
  writeFileSync(join(store.cacheDirectory, 'blobs', `.tmp-${'9'.repeat(24)}`), 'being written')

  expect(await collectGarbage(store)).toMatchObject({
    blobs: 0,
    files: 5,
    freedBytes: 50,
    lostEntries: 0,
  })
  expect(readdirSync(join(store.cacheDirectory, 'blobs')).toSorted()).toEqual(
    [...kept, inFlight.digest, 'somebody else’s', `.tmp-${'9'.repeat(24)}`].toSorted(),
  )
  temporary.nowMs += HOUR + 60_000

  expect(await collectGarbage(store)).toMatchObject({ blobs: 1 })
  expect(readdirSync(join(store.cacheDirectory, 'blobs'))).not.toContain(inFlight.digest)
  expect(listEntries(store)).toHaveLength(3)
})

test('collection trusts no counter with a blob that an entry needs', async () => {
  using temporary = await openTemporaryStore()
  const { store } = await fill(temporary)
  store.database.exec('UPDATE blobs SET refs = 0')
  temporary.nowMs += 2 * HOUR

  await collectGarbage(store)

  expect(
    (await verifyStore(store)).findings.filter((finding) => finding.kind !== 'counter-wrong'),
  ).toEqual([])
})

test('collection removes rows whose file is gone, with the entries that need them', async () => {
  using temporary = await openTemporaryStore()
  const { store, pack, two } = await fill(temporary)
  renameSync(blobPath(store.cacheDirectory, pack.digest), join(store.cacheDirectory, 'gone'))

  expect(await collectGarbage(store)).toMatchObject({ lostEntries: 2 })

  expect(listEntries(store).map((entry) => entry.key)).toEqual([two.key])
  expect((await verifyStore(store)).findings).toEqual([])
})

test('collection forgets directories that are gone', async () => {
  using temporary = await openTemporaryStore()
  const { store } = await fill(temporary)
  const directories = [store.cacheDirectory, '/nowhere/at/all']
  const statCache = createStatCacheTable(store.database, 'blake3')
  for (const directory of directories) statCache.write(directory, new Uint8Array(1))
  statCache.flush()

  await collectGarbage(store)

  const after = createStatCacheTable(store.database, 'blake3')
  expect(directories.filter((directory) => after.read(directory) !== undefined)).toEqual([
    store.cacheDirectory,
  ])
})

test('a quarantined entry is gone from the index, and its manifest is kept aside', async () => {
  using temporary = await openTemporaryStore()
  const { store, one, pack } = await fill(temporary)
  const entry = findEntry(store, { scope: 'local', key: one.key })!

  quarantineEntry(store, entry, new TaskVaultError('BLOB_CORRUPT', 'A blob is damaged'))
  quarantineEntry(store, entry, new TaskVaultError('BLOB_CORRUPT', 'A blob is damaged'))

  expect(findEntry(store, { scope: 'local', key: one.key })).toBeUndefined()
  expect(readdirSync(join(store.cacheDirectory, 'quarantine'))).toEqual([one.blob])
  expect(existsSync(blobPath(store.cacheDirectory, pack.digest))).toBe(true)
  expect(temporary.events.filter((event) => event.kind === 'quarantined')).toHaveLength(1)
  expect((await verifyStore(store)).findings).toEqual([])
})

test('a quarantined entry stays so when the index goes back to what it was before', async () => {
  using temporary = await openTemporaryStore()
  const { store, one } = await fill(temporary)
  store[Symbol.dispose]()
  const file = join(temporary.cacheDirectory, 'cache.db')
  const before = readFileSync(file)
  const later = await temporary.open()
  quarantineEntry(
    later,
    findEntry(later, { scope: 'local', key: one.key })!,
    new TaskVaultError('BLOB_CORRUPT', 'x'),
  )
  later[Symbol.dispose]()
  writeFileSync(file, before)

  const store3 = await temporary.open()
  await verifyStore(store3, { repair: true })

  expect(findEntry(store3, { scope: 'local', key: one.key })).toBeUndefined()
})

test('a damaged blob goes with the entries that need it, so that the next save stores it again', async () => {
  using temporary = await openTemporaryStore()
  const { store, pack, two } = await fill(temporary)
  const content = store.database
    .prepare('SELECT digest FROM contents WHERE blob = ?')
    .get(pack.number)?.['digest']

  // Somebody has stored it again meanwhile: it stays.
  expect(dropDamagedBlob(store, pack.digest)).toBe(0)
  truncateSync(blobPath(store.cacheDirectory, pack.digest), 100)
  expect(dropDamagedBlob(store, pack.digest)).toBe(2)

  expect(findContent(store, Buffer.from(content as Uint8Array))).toBeUndefined()
  expect(listEntries(store).map((entry) => entry.key)).toEqual([two.key])
  expect(dropDamagedBlob(store, pack.digest)).toBe(0)
  expect((await verifyStore(store)).findings).toEqual([])
})

test('entries are invalidated by task, by key, and by what they are', async () => {
  using temporary = await openTemporaryStore()
  const { store, one } = await fill(temporary)
  saveSample(store, { name: 'other', task: 'lint' })

  expect(invalidate(store, { key: one.key })).toBe(1)
  expect(invalidate(store, { key: one.key })).toBe(0)
  expect(invalidate(store, { entries: (entry) => entry.task === 'lint' })).toBe(1)
  expect(invalidate(store, { task: 'unit_tests' as TaskName })).toBe(2)

  expect(readdirSync(join(store.cacheDirectory, 'blobs'))).toEqual([])
  expect(readStatistics(store, 0)).toMatchObject({ entries: 0, storedBytes: 0, entryBytes: 0 })
})

interface Filled {
  readonly store: Store & Disposable
  readonly pack: StoredPack
  readonly one: SavedSample
  readonly two: SavedSample
}

/** Three entries; the first and the last share a pack. */
async function fill(temporary: TemporaryStore): Promise<Filled> {
  const store = await temporary.open()
  const pack = storePack(store, 'shared', 3000)
  const one = saveSample(store, { name: 'one', packs: [pack] })
  const two = saveSample(store, { name: 'two', sizeBytes: 200 })
  saveSample(store, { name: 'three', packs: [pack] })
  return { store, pack, one, two }
}
