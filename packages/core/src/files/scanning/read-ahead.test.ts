import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { openHashAlgorithm } from '../../hashing/open-hash-algorithm.ts'
import { hashPath } from './hash-path.ts'
import { parseListing } from './listing.ts'
import { listNames, observeDirectory } from './observe-directory.ts'
import { createReadAhead } from './read-ahead.ts'
import type { ReadAhead } from './read-ahead.ts'
import { createMemoryStatCache } from './stat-cache.ts'

const native = await openHashAlgorithm('blake3')
/** Registered by nobody, so that no other thread can open it. */
const onlyHere = { ...native, name: 'only-here' }
let root = ''

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'ahead-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  // Enough to have the thread started; then wider than a batch, and deeper.
  write('a', 450)
  for (let index = 0; index < 100; index += 1) write(`wide/${index}`, 3)
  write(`deep${'/d'.repeat(80)}`, 2)
  mkdirSync(join(root, 'empty'))
  symlinkSync('a', join(root, 'link'))
  writeFileSync(join(root, 'large'), Buffer.alloc(3_000_000, 'abc'))
  write('z', 20)
  // What changed just now is not remembered, and would be read twice.
  await delay(50)
})

// With one processor, nothing is gained by it, and none is started.
describe.runIf(availableParallelism() > 1)('a thread that reads ahead', () => {
  test('knows of each directory what a scan finds in it', async () => {
    const rows = await readByThread()

    const { names, mtimeMs } =
      parseListing(rows.read(join(root, 'z')) ?? new Uint8Array(), 32) ?? {}
    expect(names).toHaveLength(20)
    expect(mtimeMs?.some(Number.isNaN)).toBe(false)
    for (const directory of directories()) expect(rows.read(directory)).toBeDefined()
    expect(hashPath(root, contextOf(native, rows))).toBe(hashAlone())
    expect(hashPath(root, contextOf(native))).toBe(hashAlone())
  })

  test('is not believed about a file that changed after it was read', async () => {
    const file = join(root, 'z/1')
    const { mtime } = statSync(file)
    const before = hashAlone()
    const rows = await readByThread()

    writeFileSync(file, readFileSync(file).fill('#'))
    // As a build would that gives all files the same time.
    utimesSync(file, mtime, mtime)

    expect(hashPath(root, contextOf(native, rows))).toBe(hashAlone())
    expect(hashAlone()).not.toBe(before)
  })

  test('is not believed about names that came and went since', async () => {
    const rows = await readByThread()

    writeFileSync(join(root, 'z/new'), 'new')
    rmSync(join(root, 'z/2'))
    rmSync(join(root, 'wide/7'), { recursive: true })

    expect(hashPath(root, contextOf(native, rows))).toBe(hashAlone())
  })

  test('does not trust files that changed just before it started', async () => {
    writeFileSync(join(root, 'z/1'), 'now')
    // However long the machine takes until it starts.
    const { ctimeMs } = statSync(join(root, 'z/1'))
    const rows = await readByThread(() => ctimeMs)

    const row = parseListing(rows.read(join(root, 'z')) ?? new Uint8Array(), 32)
    expect(row?.mtimeMs[1]).toBeNaN()
    expect(row?.mtimeMs[2]).not.toBeNaN()
  })

  test.runIf(process.platform === 'linux')(
    'leaves out what it cannot read, and the scan says why',
    async () => {
      writeFileSync(Buffer.concat([Buffer.from(`${root}/z/`), Buffer.from([0xff])]), '')

      const rows = await readByThread()

      expect(rows.read(join(root, 'z'))).toBeUndefined()
      expect(rows.read(join(root, 'wide'))).toBeDefined()
      const scan = (): unknown => hashPath(root, contextOf(native, rows))
      expect(scan).toThrow(expect.objectContaining({ code: 'NAME_UNSUPPORTED' }))
    },
  )

  test('may end early: the scan reads the rest', async () => {
    const ended = new Promise((resolve) => {
      process.once('worker', (worker: Worker) => {
        worker.once('exit', resolve)
        void worker.terminate()
      })
    })
    using ahead = start()
    await ended

    expect(ahead.take(root)).toBeUndefined()
    expect(hashPath(root, contextOf(native))).toBe(hashAlone())
  })

  test('is not started where most is known, little is to be read, or it cannot digest', async () => {
    let started = 0
    const count = (): void => void (started += 1)
    process.on('worker', count)
    onTestFinished(() => void process.off('worker', count))
    const statCache = createMemoryStatCache()

    hashPath(root, contextOf(onlyHere, statCache))
    hashPath(root, contextOf(native, statCache))
    write('y', 450)
    hashPath(root, contextOf(native, statCache))
    hashPath(join(root, 'wide'), contextOf(native))
    await delay(1)

    expect(started).toBe(0)
  })
})

/** All that the thread has to say, as a stat cache. */
async function readByThread(now = Date.now) {
  using ahead = start(now)
  const statCache = createMemoryStatCache()
  const remember = (directory: string, row: Uint8Array | undefined): void => {
    if (row !== undefined) statCache.write(directory, row)
  }
  // It comes to this one last.
  let last = ahead.take(root)
  for (const endsAtMs = Date.now() + 30_000; last === undefined && Date.now() < endsAtMs;) {
    await delay(10)
    last = ahead.take(root)
  }
  remember(root, last)
  for (const directory of directories()) remember(directory, ahead.take(directory))
  return statCache
}

function start(now = Date.now): ReadAhead {
  const ahead = createReadAhead(root, { context: { ...contextOf(native), now } })
  const directory = join(root, 'a')
  const names = listNames(directory)
  ahead.note(names.length, observeDirectory(directory, names, undefined))
  return ahead
}

function directories(): string[] {
  return readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
}

function hashAlone(): string {
  return hashPath(root, contextOf(onlyHere))
}

function contextOf(algorithm: typeof native, statCache = createMemoryStatCache()) {
  return { algorithm, statCache, now: Date.now }
}

function write(directory: string, count: number): void {
  mkdirSync(join(root, directory), { recursive: true })
  for (let index = 0; index < count; index += 1)
    writeFileSync(join(root, directory, String(index)), `${directory} ${index}`)
}
