import {
  existsSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isTaskVaultError } from '../../errors.ts'
import { keyOf, openTemporaryStore, saveSample, storePack } from '../../testing/temporary-store.ts'
import type { TemporaryStore } from '../../testing/temporary-store.ts'
import { verifyAudit } from '../audit/verify-audit.ts'
import { blobPath } from '../blobs/blob-path.ts'
import { openBlob, readManifest } from '../blobs/pack-reader.ts'
import { indexFiles, markDamaged } from '../database/index-files.ts'
import { findEntry, listEntries } from '../entries/entries.ts'
import { removeEntry } from '../entries/remove-entry.ts'
import type { Store } from '../store.ts'
import { verifyStore } from './verify-store.ts'

const NAMES = ['a', 'b', 'c', 'd', 'e']

test.each([
  ['is deleted', 'lost', (file: string) => rmSync(file)],
  [
    'is deleted with its log',
    'lost',
    (file: string) =>
      ['', '-wal', '-shm'].forEach((suffix) => rmSync(file + suffix, { force: true })),
  ],
  ['is emptied', 'lost', (file: string) => truncateSync(file, 0)],
  ['is cut in half', 'damaged', (file: string) => truncateSync(file, statSync(file).size / 2)],
  ['is cut within its header', 'damaged', (file: string) => truncateSync(file, 50)],
  ['is overwritten', 'damaged', (file: string) => writeFileSync(file, 'x'.repeat(20_000))],
  ['is zeroed', 'damaged', (file: string) => writeFileSync(file, Buffer.alloc(20_000))],
  ['loses its version', 'damaged', (file: string) => patch(file, 60, Buffer.from([0, 0, 0, 0]))],
  [
    'lacks a table that we make',
    'other-version',
    (file: string) => change(file, 'DROP TABLE git_contents'),
  ],
  [
    'has a column that we do not know, on which something failed',
    'other-version',
    (file: string) => {
      change(file, 'ALTER TABLE git_contents ADD COLUMN later')
      markDamaged(indexFiles(dirname(file)))
    },
  ],
] as const)('an index that %s is rebuilt on open with every entry', async (_, cause, damage) => {
  using temporary = await openTemporaryStore()
  await fill(temporary)

  damage(join(temporary.cacheDirectory, 'cache.db'))
  const store = await temporary.open()

  expect(keysOf(store)).toEqual(NAMES.map((name) => keyOf(store, name)).toSorted())
  expect(temporary.events).toContainEqual({ kind: 'rebuilt', entries: NAMES.length, cause })
  const names = readdirSync(store.cacheDirectory)
  expect(names.some((name) => /\.(new-|rebuilding|damaged)/.test(name))).toBe(false)
  expect((await verifyStore(store)).findings).toEqual([])
  expect(verifyAudit(store)).toMatchObject({ kind: 'sound', lines: NAMES.length + 1 })
})

test('a later version’s index is refused, and left alone', async () => {
  using temporary = await openTemporaryStore()
  await fill(temporary)
  const file = join(temporary.cacheDirectory, 'cache.db')
  patch(file, 60, Buffer.from([0, 0, 0, 2]))

  await expect(temporary.open()).rejects.toMatchObject({ code: 'FORMAT_UNSUPPORTED' })

  expect(readFileSync(file).readUInt32BE(60)).toBe(2)
})

test('what was removed does not come back with a rebuild', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  for (const name of NAMES) saveSample(store, { name })
  removeEntry(store, findEntry(store, { scope: 'local', key: keyOf(store, 'c') })!.number, 'rm')
  store[Symbol.dispose]()
  rmSync(join(temporary.cacheDirectory, 'cache.db'))

  const rebuilt = await temporary.open()

  expect(findEntry(rebuilt, { scope: 'local', key: keyOf(rebuilt, 'c') })).toBeUndefined()
  expect(listEntries(rebuilt)).toHaveLength(NAMES.length - 1)
})

test('an entry whose pack is gone or damaged is not in the rebuilt index', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  const [gone, damaged, sound] = ['x', 'y', 'z'].map((name) => storePack(store, name, 5000))
  for (const [index, pack] of [gone!, damaged!, sound!].entries())
    saveSample(store, { name: NAMES[index]!, packs: [pack] })
  store[Symbol.dispose]()
  rmSync(blobPath(temporary.cacheDirectory, gone!.digest))
  truncateSync(blobPath(temporary.cacheDirectory, damaged!.digest), 4000)
  rmSync(join(temporary.cacheDirectory, 'cache.db'))

  const rebuilt = await temporary.open()

  expect(keysOf(rebuilt)).toEqual([keyOf(rebuilt, 'c')])
  expect(readdirSync(join(temporary.cacheDirectory, 'quarantine'))).toEqual([damaged!.digest])
})

test('at most three damaged indexes are kept aside', async () => {
  using temporary = await openTemporaryStore()
  await fill(temporary)

  for (let round = 0; round < 5; round += 1) {
    temporary.nowMs += 1000
    writeFileSync(join(temporary.cacheDirectory, 'cache.db'), `garbage ${round}`.repeat(100))
    const store = await temporary.open()
    store[Symbol.dispose]()
  }

  const aside = readdirSync(temporary.cacheDirectory).filter((name) =>
    name.startsWith('cache.db.corrupt-'),
  )
  expect(new Set(aside.map((name) => name.replace(/-(wal|shm)$/, ''))).size).toBe(3)
  expect(
    aside
      .map((name) => readFileSync(join(temporary.cacheDirectory, name), 'utf8').slice(0, 9))
      .toSorted(),
  ).toEqual(['garbage 2', 'garbage 3', 'garbage 4'])
})

test('damage that shows only later is mended by the next open', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  for (let index = 0; index < 300; index += 1) saveSample(store, { name: `${index}` })
  store[Symbol.dispose]()
  // Somewhere in the middle: no first page of a table.
  const file = join(temporary.cacheDirectory, 'cache.db')
  const middle = Math.floor(statSync(file).size / 4096 / 2) * 4096
  patch(file, middle, Buffer.alloc(3 * 4096, 0xff))
  const damaged = await temporary.open()
  expect(() => {
    for (let index = 0; index < 300; index += 1)
      findEntry(damaged, { scope: 'local', key: keyOf(damaged, `${index}`) })
    listEntries(damaged)
    removeEntry(damaged, 150, 'rm')
  }).toThrow(expect.objectContaining({ code: 'DATABASE_CORRUPT' }))
  damaged[Symbol.dispose]()

  const mended = await temporary.open()

  expect(listEntries(mended).length).toBeGreaterThanOrEqual(299)
  expect(existsSync(`${file}.damaged`)).toBe(false)
})

test('after any damage to the index and its log, repair brings every entry back, and none is another’s', async () => {
  using temporary = await openTemporaryStore()
  const pristine = await temporary.open()
  for (const name of NAMES) saveSample(pristine, { name, packs: [storePack(pristine, name, 200)] })
  const file = join(temporary.cacheDirectory, 'cache.db')
  // As a process leaves them that died: with a log that is not written into the database yet.
  const withLog = ['', '-wal'].map((suffix) => ({
    path: file + suffix,
    bytes: readFileSync(file + suffix),
  }))
  pristine[Symbol.dispose]()
  const closed = [{ path: file, bytes: readFileSync(file) }]

  await fc.assert(
    fc.asyncProperty(damages, async (damage) => {
      for (const name of readdirSync(temporary.cacheDirectory)) {
        if (name.startsWith('cache.db')) rmSync(join(temporary.cacheDirectory, name))
      }
      for (const image of damage.state === 'closed' ? closed : withLog) {
        const how = image.path.endsWith('-wal') ? damage.log : damage.database
        writeFileSync(image.path, apply(image.bytes, how))
      }

      const found = await lookUpAll(temporary)
      expect(found.wrong).toEqual([])
      const store = await openTolerant(temporary)
      if (store === undefined) return
      const { findings } = await verifyStore(store, { repair: true })

      expect(keysOf(store), JSON.stringify(findings)).toEqual(
        NAMES.map((name) => keyOf(store, name)).toSorted(),
      )
      expect((await verifyStore(store)).findings).toEqual([])
      store[Symbol.dispose]()
    }),
    { numRuns: Number(process.env['TASKVAULT_TEST_ROUNDS'] ?? 60) },
  )
}, 600_000)

interface Damage {
  readonly kind: 'keep' | 'flip' | 'cut' | 'zero' | 'delete'
  readonly at: number
  readonly length: number
}

const damage = fc.record({
  kind: fc.constantFrom(
    'keep' as const,
    'flip' as const,
    'flip' as const,
    'cut' as const,
    'zero' as const,
  ),
  at: fc.double({ min: 0, max: 0.9999, noNaN: true }),
  length: fc.integer({ min: 1, max: 5000 }),
})
const damages = fc.record({
  state: fc.constantFrom('closed' as const, 'with log' as const),
  database: damage,
  log: damage,
})

function apply(bytes: Buffer, { kind, at, length }: Damage): Buffer {
  const copy = Buffer.from(bytes)
  const start = Math.floor(at * copy.length)
  if (kind === 'cut') return copy.subarray(0, start)
  if (kind === 'zero') copy.fill(0, start, Math.min(copy.length, start + length))
  if (kind === 'flip') copy[start] = copy[start]! ^ (1 << (length % 8))
  return copy
}

/** What restores would do: look up, open the manifest, compare. */
async function lookUpAll(
  temporary: TemporaryStore,
): Promise<{ readonly wrong: readonly string[] }> {
  const wrong: string[] = []
  const store = await openTolerant(temporary)
  if (store === undefined) return { wrong }
  for (const name of NAMES) {
    const key = keyOf(store, name)
    try {
      const entry = findEntry(store, { scope: 'local', key })
      if (entry === undefined) continue
      using blob = await openBlob(blobPath(store.cacheDirectory, entry.blob))
      blob.verifyFile(entry.blob)
      const manifest = readManifest(blob)
      // A manifest of another key is what `openEntry` refuses; a row must not pass for it.
      if (entry.key !== key || (manifest.key === key && manifest.task !== 'unit_tests'))
        wrong.push(name)
    } catch (error) {
      if (!isTaskVaultError(error)) throw error
    }
  }
  try {
    store[Symbol.dispose]()
  } catch (error) {
    if (!isTaskVaultError(error)) throw error
  }
  return { wrong }
}

/** A version that a flipped bit makes a later one's is refused: that is a clear error, too. */
async function openTolerant(temporary: TemporaryStore): Promise<(Store & Disposable) | undefined> {
  try {
    return await temporary.open()
  } catch (error) {
    if (isTaskVaultError(error, 'FORMAT_UNSUPPORTED')) return undefined
    throw error
  }
}

async function fill(temporary: TemporaryStore): Promise<void> {
  const store = await temporary.open()
  for (const name of NAMES) saveSample(store, { name, packs: [storePack(store, name, 100)] })
  store[Symbol.dispose]()
}

function keysOf(store: Store): string[] {
  return listEntries(store)
    .map((entry) => String(entry.key))
    .toSorted()
}

function change(file: string, sql: string): void {
  using database = new DatabaseSync(file)
  database.exec(sql)
}

function patch(file: string, at: number, bytes: Buffer): void {
  const whole = readFileSync(file)
  bytes.copy(whole, at)
  writeFileSync(file, whole)
}
