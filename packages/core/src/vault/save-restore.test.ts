import { randomBytes } from 'node:crypto'
import fs, {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { parseListing } from '../files/scanning/listing.ts'
import type { KeyedFingerprint } from '../model/fingerprint.ts'
import { parseTaskName } from '../model/task.ts'
import { parsePage } from '../store/stat-cache/listing-page.ts'
import { SAMPLE_POLICY, sampleSettings } from '../testing/sample-settings.ts'
import { sampleWork } from '../testing/sample-work.ts'
import { openVault } from './open-vault.ts'
import type { OutputChanges, SavedEntry, Vault } from './vault.ts'

const task = parseTaskName('unit_tests')
let root = ''
let vault: Vault

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'vault-'))
  vault = await openTestVault()
})

afterEach(async () => {
  await vault[Symbol.asyncDispose]()
  rmSync(root, { recursive: true, force: true })
})

describe('an output that is saved, removed and restored', () => {
  test('is what it was, to the mode, the link, the empty directory and the time', async () => {
    write('out/a.js', 'a')
    write('out/deep/down/b.js', 'b')
    write('out/run.sh', '#!/bin/sh\n')
    chmodSync(path('out/run.sh'), 0o755)
    chmodSync(path('out/a.js'), 0o640)
    write('out/empty-file', '')
    mkdirSync(path('out/empty'))
    symlinkSync('a.js', path('out/link'))
    symlinkSync('../../outside/nothing', path('out/dangling'))
    write('out/new\nline \\ tab\t', 'odd')
    for (const name of ['a.js', 'deep/down/b.js', 'link', 'deep', '.']) {
      lutimesSync(path(join('out', name)), 1_600_000_000.123456, 1_600_000_000.123456)
    }
    const before = picture('out')

    const saved = await save(['out'])
    rmSync(path('out'), { recursive: true })
    const changes = await restore(['out'])
    const again = await restore(['out'])

    expect(picture('out')).toEqual(before)
    expect([saved.fileCount, changes.written.length, again.unchangedCount]).toEqual([7, 7, 7])
    expect(leftovers()).toEqual([])
  })

  test('is the same whatever the tree', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryTree, arbitraryTree, async (first, second) => {
        rmSync(path('out'), { recursive: true, force: true })
        build('out', first)
        const wanted = picture('out')
        await save(['out'])
        rmSync(path('out'), { recursive: true })
        build('out', second)

        await restore(['out'])
        expect(picture('out')).toEqual(wanted)

        const again = await restore(['out'])
        expect([[...again.written], again.removed]).toEqual([[], []])
        rmSync(path('out'), { recursive: true })
        await restore(['out'])
        expect(picture('out')).toEqual(wanted)
      }),
      { numRuns: 40 },
    )
    expect(leftovers()).toEqual([])
  })

  test('may be a single file, a symlink, or a large file', async () => {
    write('report.xml', '<ok/>')
    writeFileSync(path('large.bin'), randomBytes(5_000_000))
    symlinkSync('report.xml', path('latest'))
    const outputs = ['report.xml', 'large.bin', 'latest']
    const before = outputs.map((name) => picture(name))

    await save(outputs)
    for (const name of outputs) rmSync(path(name))
    await restore(outputs)

    expect(outputs.map((name) => picture(name))).toEqual(before)
  })

  test('survives a task that has no output at all', async () => {
    await save([])
    expect((await restore([])).unchangedCount).toBe(0)
  })
})

describe('a restore over what is there', () => {
  beforeEach(async () => {
    for (let number = 0; number < 20; number += 1)
      write(`out/d${number % 4}/f${number}`, `content ${number}`)
    await save(['out'])
  })

  test('writes nothing where nothing changed', async () => {
    const before = identities('out')

    const changes = await restore(['out'])

    expect(changes).toEqual({ written: [], removed: [], unchangedCount: 20 })
    expect(identities('out')).toEqual(before)
  })

  const hasThreads = availableParallelism() > 1
  test.runIf(hasThreads)('starts threads for what is made, and not for what stays', async () => {
    let started = 0
    const count = (): void => void (started += 1)
    process.on('worker', count)
    onTestFinished(() => void process.off('worker', count))
    for (let index = 0; index < 700; index += 1) write(`many/${index}/file`, String(index))
    await save(['many'], key(2))
    write('many/7/file', 'edited by hand')

    await restore(['many'], key(2))

    expect(started).toBe(0)
    // The control: so many are worth a thread.
    rmSync(path('many'), { recursive: true })
    await restore(['many'], key(2))
    await expect.poll(() => started).toBeGreaterThan(0)
  })

  test('writes only what differs, and removes what is not part of it', async () => {
    const before = identities('out')
    write('out/d1/f5', 'edited by hand')
    rmSync(path('out/d2/f6'))
    write('out/d3/extra', 'x')
    write('out/more/extra', 'x')

    const changes = await restore(['out'])

    expect([...changes.written].toSorted()).toEqual(['out/d1/f5', 'out/d2/f6'])
    expect(changes.removed.toSorted()).toEqual(['out/d3/extra', 'out/more'])
    const after = identities('out')
    for (const [name, identity] of Object.entries(before)) {
      if (!['d1/f5', 'd2/f6'].includes(name)) expect(after[name]).toEqual(identity)
    }
  })

  test('replaces a file by a directory, and a link by a file, without following it', async () => {
    write('precious', 'mine')
    rmSync(path('out/d0'), { recursive: true })
    write('out/d0', 'a file now')
    rmSync(path('out/d1/f5'))
    symlinkSync('../../precious', path('out/d1/f5'))

    await restore(['out'])

    expect(readFileSync(path('out/d0/f0'), 'utf8')).toBe('content 0')
    expect(lstatSync(path('out/d1/f5')).isSymbolicLink()).toBe(false)
    expect(readFileSync(path('precious'), 'utf8')).toBe('mine')
  })

  test('puts mode and time back without touching the content', async () => {
    chmodSync(path('out/d0/f0'), 0o600)
    utimesSync(path('out/d0/f4'), 5, 5)

    const changes = await restore(['out'])

    expect([...changes.written]).toEqual(['out/d0/f0'])
    expect(lstatSync(path('out/d0/f0')).mode & 0o777).toBe(0o644)
    expect(lstatSync(path('out/d0/f4')).mtimeMs).toBeGreaterThan(1e9)
  })

  test('leaves everything as it was when something cannot be moved', async () => {
    write('precious', 'mine')
    rmSync(path('out/d0/f0'))
    symlinkSync('../../precious', path('out/d0/f0'))
    write('out/d1/f1', 'edited')
    const before = picture('out')

    await using staged = await stage(['out'])
    // What was staged is gone: as if the disk had taken it.
    for (const name of readdirSync(root).filter((item) => item.startsWith('.taskvault-stage-'))) {
      rmSync(join(root, name, '1'))
    }
    await expect(staged.apply()).rejects.toMatchObject({ code: 'OUTPUT_BLOCKED' })

    expect(withoutDirectoryTimes(picture('out'))).toEqual(withoutDirectoryTimes(before))
  })

  test('is a miss that names the directory which cannot be written to', async () => {
    write('deep/report', 'fine')
    await save(['deep/report'])
    rmSync(path('deep'), { recursive: true })
    symlinkSync('nowhere', path('deep'))

    const missed = await vault.stage(restoreRequest(['deep/report']))

    const detail = expect.stringContaining(`Could not write to ${path('deep')}: ENOENT`)
    expect(missed).toEqual({ kind: 'miss', reasons: [{ kind: 'unavailable', detail }] })
    expect(missed).not.toHaveProperty('reasons.0.detail', expect.stringContaining('/proc/'))
  })

  test('moves a file that cannot be replaced, as Windows keeps an open one', async () => {
    write('out/d0/f0', 'edited')
    refuseToReplace('f0')

    const changes = await restore(['out'])

    expect([...changes.written]).toEqual(['out/d0/f0'])
    expect(readFileSync(path('out/d0/f0'), 'utf8')).toBe('content 0')
    expect(readdirSync(root).filter((name) => name.startsWith('.taskvault-stage-'))).toEqual([])
  })

  test('keeps the other name of a file that has two', async () => {
    write('out/d0/f0', 'edited')
    linkSync(path('out/d0/f0'), path('other-name'))

    await restore(['out'])

    expect(readFileSync(path('other-name'), 'utf8')).toBe('edited')
    expect(readFileSync(path('out/d0/f0'), 'utf8')).toBe('content 0')
  })
})

describe('a save', () => {
  test('stores a content once, wherever it comes up again', async () => {
    writeFileSync(path('shared'), randomBytes(400_000))
    mkdirSync(path('out'))
    for (const name of ['a', 'b', 'c'])
      writeFileSync(path(`out/${name}`), readFileSync(path('shared')))

    const first = await save(['out'])
    writeFileSync(path('out/d'), readFileSync(path('shared')))
    const second = await save(['out'], key(2))

    expect(first.storedBytes).toBeLessThan(500_000)
    expect(second.storedBytes).toBeLessThan(5_000)
  })

  test('stores of a large file only what is new in it', async () => {
    const bytes = randomBytes(8_000_000)
    writeFileSync(path('large'), bytes)
    await save(['large'])

    writeFileSync(
      path('large'),
      Buffer.concat([bytes.subarray(0, 3_000_000), Buffer.from('!'), bytes.subarray(3_000_000)]),
    )
    const second = await save(['large'], key(2))
    const wanted = readFileSync(path('large'))
    rmSync(path('large'))
    await restore(['large'], key(2))

    expect(second.storedBytes).toBeLessThan(600_000)
    expect(readFileSync(path('large')).equals(wanted)).toBe(true)
  })

  test('after a restore stores nothing but the entry itself', async () => {
    for (let number = 0; number < 50; number += 1)
      writeFileSync(path(`f${number}`), randomBytes(4_000))
    mkdirSync(path('out'))
    for (let number = 0; number < 50; number += 1)
      renameSync(path(`f${number}`), path(`out/f${number}`))
    await save(['out'])
    rmSync(path('out'), { recursive: true })
    await restore(['out'])

    const again = await save(['out'], key(2))

    expect(again.wasKnown).toBe(true)
    expect(again.storedBytes).toBeLessThan(2_000)
  })

  test('does not depend on the order in which files are made, or outputs named', async () => {
    const files = ['out/a', 'out/b/c', 'out/b/d', 'out/e', 'more/f', 'more/g']
    const pictures = new Set<string>()
    await fc.assert(
      fc.asyncProperty(everyOrder(files), everyOrder(['out', 'more']), async (made, outputs) => {
        for (const name of ['out', 'more']) rmSync(path(name), { recursive: true, force: true })
        for (const name of made) write(name, name)
        for (const name of [...files, 'out/b', 'out', 'more']) lutimesSync(path(name), 1e9, 1e9)

        await save(outputs)

        await using staged = await stage(outputs.toReversed())
        pictures.add(
          JSON.stringify(
            staged.manifest.outputs.toSorted((a, b) => (a.declaredAs < b.declaredAs ? -1 : 1)),
          ),
        )
      }),
      { numRuns: 15 },
    )
    expect(pictures.size).toBe(1)
  })

  test('sees every change between two saves, however quickly it comes', async () => {
    for (let round = 0; round < 50; round += 1) {
      write('out/f', `content ${round % 10}`)
      await save(['out'], key(round))
      rmSync(path('out'), { recursive: true })
      await restore(['out'], key(round))
      expect(readFileSync(path('out/f'), 'utf8')).toBe(`content ${round % 10}`)
    }
  })

  test('knows the names of what was restored a while ago, and sees each that changes later', async () => {
    for (const name of ['out/a/one', 'out/b/two', 'out/c/three']) write(name, name)
    for (const name of ['out/a', 'out/b', 'out/c', 'out']) lutimesSync(path(name), 1e9, 1e9)
    await save(['out'])
    rmSync(path('out'), { recursive: true })
    {
      await using staged = await stage(['out'])
      await delay(60)
      await staged.apply()
    }
    for (const name of ['a', 'b', 'c'])
      expect(rememberedInode(`out/${name}`)).toBe(lstatSync(path(`out/${name}`)).ino)

    write('out/a/more', 'more')
    rmSync(path('out/b/two'))
    renameSync(path('out/c/three'), path('out/c/four'))
    for (const name of ['a', 'b', 'c']) lutimesSync(path(`out/${name}`), 1e9, 1e9)
    const wanted = picture('out')
    await save(['out'], key(2))
    rmSync(path('out'), { recursive: true })
    await restore(['out'], key(2))
    expect(picture('out')).toEqual(wanted)
  })

  test('of an output that was not produced says which', async () => {
    await expect(save(['out'])).rejects.toMatchObject({
      code: 'OUTPUT_MISSING',
      message: expect.stringContaining('out'),
    })
  })

  test('that the policy does not allow leaves nothing behind', async () => {
    writeFileSync(path('large'), randomBytes(100_000))
    const outcome = await vault.save({
      ...request(['large']),
      policy: { ...SAMPLE_POLICY, maxSizeBytes: 99_999 },
    })
    expect(outcome).toEqual({ kind: 'skipped', because: 'too-large', sizeBytes: 100_000 })

    const fits = await vault.save({
      ...request(['large']),
      policy: { ...SAMPLE_POLICY, maxSizeBytes: 100_000 },
    })
    expect(fits.kind).toBe('saved')
  })

  test('of a stream without end stops where the policy does', async () => {
    const limited = { ...SAMPLE_POLICY, maxSizeBytes: 1_000_000 }

    const outcome = await vault.save({ ...request([]), outputs: endlessly(), policy: limited })

    expect(outcome).toEqual({ kind: 'skipped', because: 'too-large', sizeBytes: 1_010_000 })
    expect(readdirSync(path('cache/blobs'))).toEqual([])
  })

  test('keeps the log and the exit status', async () => {
    const log = randomBytes(3_000_000)
    await vault.save({ ...request([]), log, exitCode: 3 })

    await using staged = await stage([])

    expect(staged.manifest.exitCode).toBe(3)
    expect(Buffer.from(staged.log ?? []).equals(log)).toBe(true)
  })
})

describe('damage', () => {
  test.each(['flipped', 'cut', 'gone', 'emptied'])(
    'of a %s blob is a miss, and mends with the next save',
    async (damage) => {
      for (let number = 0; number < 30; number += 1)
        write(`out/f${number}`, randomBytes(9_000).toString('hex'))
      const wanted = picture('out')
      await save(['out'])
      rmSync(path('out'), { recursive: true })
      for (const name of readdirSync(path('cache/blobs')))
        spoil(path(`cache/blobs/${name}`), damage)

      const outcome = await vault.stage(restoreRequest(['out']))
      expect(outcome.kind).toBe('miss')
      expect(leftovers()).toEqual([])

      for (const [name, item] of Object.entries(wanted))
        if (item.kind === 'file') write(join('out', name), item.content)
      await save(['out'])
      const again = picture('out')
      rmSync(path('out'), { recursive: true })
      await restore(['out'])
      expect(picture('out')).toEqual(again)
    },
  )

  test('never hands out the outputs of another key', async () => {
    write('out/f', 'of key one')
    await save(['out'])
    write('out/f', 'of key two')
    await save(['out'], key(2))
    // As a flipped bit in the index could: one key's row names the other's manifest.
    vault.store.database.transaction('relaxed', () => {
      vault.store.database
        .prepare(
          'UPDATE cache_entries SET blob_path = (SELECT blob_path FROM cache_entries WHERE hash = ?) WHERE hash = ?',
        )
        .run(key(2).key, key(1).key)
    })

    expect((await vault.stage(restoreRequest(['out']))).kind).toBe('miss')
    expect(readFileSync(path('out/f'), 'utf8')).toBe('of key two')

    // Nothing went on the word of such an index: made anew, it has both.
    await vault[Symbol.asyncDispose]()
    vault = await openTestVault()
    await restore(['out'], key(2))
    expect(readFileSync(path('out/f'), 'utf8')).toBe('of key two')
    await restore(['out'])
    expect(readFileSync(path('out/f'), 'utf8')).toBe('of key one')
  })
})

test('a result that was never a file comes back whole and as a stream', async () => {
  for (const size of [0, 1, 4_096, 70_000, 1_048_576, 6_000_000]) {
    const bytes = randomBytes(size)
    await vault.save({ ...request([]), work: key(size), outputs: bytes })

    expect(Buffer.from((await vault.readResult(task, key(size))) ?? []).equals(bytes)).toBe(true)
    const pieces: Uint8Array[] = []
    for await (const piece of (await vault.openResult(task, key(size))) ?? []) pieces.push(piece)
    expect(Buffer.concat(pieces).equals(bytes)).toBe(true)
  }
  expect(await vault.readResult(task, key(99))).toBeUndefined()
})

// ---------------------------------------------------------------------------------------------

async function* endlessly(): AsyncGenerator<Uint8Array> {
  for (;;) yield randomBytes(10_000)
}

async function openTestVault(): Promise<Vault> {
  return await openVault({ settings: sampleSettings(root) })
}

function path(relativePath: string): string {
  return join(root, relativePath)
}

/** No file of that name can be renamed over. */
function refuseToReplace(name: string): void {
  const rename = fs.renameSync
  const set = (value: typeof rename): void => {
    fs.renameSync = value
    syncBuiltinESMExports()
  }
  set((from, to) => {
    if (String(to).endsWith(`/${name}`) && existsSync(to)) throw new Error('EPERM: not permitted')
    rename(from, to)
  })
  onTestFinished(() => set(rename))
}

function write(relativePath: string, content: string): void {
  mkdirSync(join(path(relativePath), '..'), { recursive: true })
  writeFileSync(path(relativePath), content)
}

function key(number: number): KeyedFingerprint {
  return sampleWork(task, number)
}

function request(outputs: readonly string[]) {
  const targets = outputs.map((name) => ({ declaredAs: name, absolutePath: path(name) }))
  return {
    task,
    work: key(1),
    outputs: targets,
    exitCode: 0,
    durationMs: 1,
    origin: {},
    policy: SAMPLE_POLICY,
  }
}

function restoreRequest(outputs: readonly string[], work: KeyedFingerprint = key(1)) {
  return { task, work, targets: request(outputs).outputs }
}

async function save(
  outputs: readonly string[],
  work: KeyedFingerprint = key(1),
): Promise<SavedEntry> {
  const outcome = await vault.save({ ...request(outputs), work })
  if (outcome.kind !== 'saved') throw new Error(`not saved: ${outcome.because}`)
  return outcome
}

async function stage(outputs: readonly string[], work?: KeyedFingerprint) {
  const outcome = await vault.stage(restoreRequest(outputs, work))
  if (outcome.kind !== 'hit') throw new Error(`a miss: ${JSON.stringify(outcome.reasons)}`)
  return outcome
}

async function restore(
  outputs: readonly string[],
  work?: KeyedFingerprint,
): Promise<OutputChanges> {
  await using staged = await stage(outputs, work)
  await staged.apply()
  return staged.changes
}

/** Of a directory whose names need not be read again as long as it stays what it is. */
function rememberedInode(directory: string): number | undefined {
  using database = new DatabaseSync(path('cache/cache.db'), { readOnly: true })
  const pages = database.prepare('SELECT page FROM stat_pages').all()
  for (const { page } of pages) {
    const listing = parsePage(page as Uint8Array)?.get(path(directory))
    if (listing !== undefined) return parseListing(listing, 32)?.self?.ino
  }
  return undefined
}

function leftovers(): string[] {
  return readdirSync(root).filter((name) => name.startsWith('.taskvault-stage-'))
}

function spoil(file: string, damage: string): void {
  const { size } = lstatSync(file)
  if (damage === 'gone') return rmSync(file)
  if (damage === 'cut') return truncateSync(file, Math.floor(size / 2))
  if (damage === 'emptied') return truncateSync(file, 0)
  const bytes = readFileSync(file)
  bytes[Math.floor(size / 3)] = (bytes[Math.floor(size / 3)] ?? 0) ^ 1
  chmodSync(file, 0o644)
  writeFileSync(file, bytes)
}

type Item = {
  readonly kind: string
  readonly mode: number
  readonly mtimeUs: number
  readonly content: string
}

/** All that can be seen of a path and what is below it. */
function picture(
  relativePath: string,
  below = '.',
  items: Record<string, Item> = {},
): Record<string, Item> {
  const absolutePath = path(join(relativePath, below))
  const stats = lstatSync(absolutePath)
  const kind = stats.isDirectory() ? 'directory' : stats.isSymbolicLink() ? 'symlink' : 'file'
  const content =
    kind === 'file'
      ? readFileSync(absolutePath, 'latin1')
      : kind === 'symlink'
        ? readlinkSync(absolutePath)
        : ''
  items[below] = {
    kind,
    mode: stats.mode & 0o7777,
    mtimeUs: Math.round(stats.mtimeMs * 1_000),
    content,
  }
  if (kind !== 'directory') return items
  for (const name of readdirSync(absolutePath)) picture(relativePath, join(below, name), items)
  return items
}

/** Moving a file out of a directory and back changes the directory's time. */
function withoutDirectoryTimes(items: Record<string, Item>): Item[] {
  return Object.values(items).map((item) =>
    item.kind === 'directory' ? { ...item, mtimeUs: 0 } : item,
  )
}

/** What changes when anything is written, even the same bytes. */
function identities(relativePath: string): Record<string, string> {
  const names = readdirSync(path(relativePath), { recursive: true, encoding: 'utf8' })
  return Object.fromEntries(
    names.map((name) => {
      const stats = lstatSync(path(join(relativePath, name)), { bigint: true })
      return [
        name,
        `${stats.ino} ${stats.isDirectory() ? '' : `${stats.mtimeNs} ${stats.ctimeNs}`}`,
      ]
    }),
  )
}

type Tree = {
  readonly [name: string]: Tree | string | { readonly link: string } | { readonly script: string }
}

const name = fc.constantFrom('a', 'b', 'c', 'node_modules', 'ü', 'with space', '-rf', '.hidden')
const { tree: arbitraryTree } = fc.letrec<{ tree: Tree; item: Tree[string] }>((tie) => ({
  tree: fc.dictionary(name, tie('item'), { maxKeys: 5 }),
  item: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.string({ maxLength: 50 }),
    fc.record({ link: fc.constantFrom('a', '../b', '/nowhere') }),
    fc.record({ script: fc.constantFrom('#!/bin/sh', '#!/bin/bash') }),
    tie('tree'),
  ),
}))

function everyOrder(names: readonly string[]): fc.Arbitrary<string[]> {
  return fc.shuffledSubarray([...names], { minLength: names.length })
}

function build(relativePath: string, tree: Tree): void {
  mkdirSync(path(relativePath))
  for (const [itemName, item] of Object.entries(tree)) {
    const below = join(relativePath, itemName)
    if (typeof item === 'string') writeFileSync(path(below), item)
    else if ('link' in item && typeof item.link === 'string') symlinkSync(item.link, path(below))
    else if ('script' in item && typeof item.script === 'string')
      writeFileSync(path(below), item.script, { mode: 0o755 })
    else build(below, item)
  }
}
