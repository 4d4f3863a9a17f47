import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { openHashAlgorithm } from '../../hashing/open-hash-algorithm.ts'
import type { ContentSink } from '../contents/content-sink.ts'
import { runToEnd } from '../contents/read-content.ts'
import { describeDirectory, describeNames } from './describe-directory.ts'
import { hashPath } from './hash-path.ts'
import { encodeListing, parseListing } from './listing.ts'
import { scanTree } from './scan-tree.ts'
import { createMemoryStatCache } from './stat-cache.ts'
import type { StatCache } from './stat-cache.ts'

const algorithm = await openHashAlgorithm('blake3')
let root = ''
let statCache: StatCache
let now: () => number

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'scan-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  statCache = createMemoryStatCache()
  now = Date.now
  mkdirSync(join(root, 'src/empty'), { recursive: true })
  writeOld('src/a.ts', 'a')
  writeOld('src/b.ts', 'b')
  symlinkSync('a.ts', join(root, 'src/link'))
})

describe('the digest of a tree for a key', () => {
  test('is the same after a touch, another mode than executable, and at another path', () => {
    const before = inputDigest()

    utimesSync(join(root, 'src/a.ts'), 1, 1)
    chmodSync(join(root, 'src/b.ts'), 0o600)
    renameSync(join(root, 'src'), join(root, 'elsewhere'))

    expect(inputDigest('elsewhere')).toBe(before)
  })

  test.each<readonly [string, () => void]>([
    ['content', () => writeOld('src/a.ts', 'c')],
    ['name', () => renameSync(join(root, 'src/a.ts'), join(root, 'src/c.ts'))],
    ['executable bit', () => chmodSync(join(root, 'src/a.ts'), 0o755)],
    [
      'link target',
      () => (rmSync(join(root, 'src/link')), symlinkSync('b.ts', join(root, 'src/link'))),
    ],
    ['empty directory', () => rmSync(join(root, 'src/empty'), { recursive: true })],
    ['new file', () => writeOld('src/empty/new', '')],
  ])('changes with another %s', (_, change) => {
    const before = inputDigest()

    change()

    expect(inputDigest()).not.toBe(before)
    expect(inputDigest()).toBe(hashPath(join(root, 'src'), freshContext()))
  })
})

describe('the stat cache', () => {
  test('spares reading what has not changed', async () => {
    await aged()
    const digest = inputDigest()
    // Content changes behind its back, as no program can without a trace: only a reader would see it.
    const row = parseListing(statCache.read(join(root, 'src')) ?? new Uint8Array(), 32)

    expect(row?.names).toEqual(['a.ts', 'b.ts', 'empty', 'link'])
    expect(row?.node?.input.toString('hex')).toBe(digest)
    expect(row?.mtimeMs.every((time) => !Number.isNaN(time))).toBe(true)
  })

  test.each<readonly [string, number, () => void]>([
    ['file', 0, () => writeFileSync(join(root, 'src/a.ts'), 'x')],
    // As unpacked from an archive, or built for a date that never changes.
    ['file with an old time', 0, () => writeOld('src/a.ts', 'x')],
    [
      'link',
      3,
      () => (rmSync(join(root, 'src/link')), symlinkSync('b.ts', join(root, 'src/link'))),
    ],
  ])('does not trust a %s changed in the same moment as it was read', async (_, at, change) => {
    await aged()
    change()
    lookAtOnce(`src/${['a.ts', 'b.ts', 'empty', 'link'][at]}`)
    inputDigest()

    // Same size, same tick of the clock: nothing but the content tells the two apart.
    const row = parseListing(statCache.read(join(root, 'src')) ?? new Uint8Array(), 32)
    expect(row?.mtimeMs[at]).toBeNaN()
    expect(row?.mtimeMs[1]).not.toBeNaN()
  })

  test('does not take what lay at a path for a moment for what lies there later', async () => {
    for (const directory of ['one', 'two']) {
      mkdirSync(join(root, directory))
      for (const name of ['a', 'b']) writeOld(`${directory}/${name}`, `${name} of ${directory}`)
    }
    await aged()
    const exchange = (): void => {
      renameSync(join(root, 'one'), join(root, 'aside'))
      renameSync(join(root, 'two'), join(root, 'one'))
      renameSync(join(root, 'aside'), join(root, 'two'))
    }
    const context = freshContext()

    const steps = describeNames(join(root, 'one'), ['a', 'b'], { context, sink: alwaysFull })
    // After the first file, and before the second one is opened.
    steps.next()
    exchange()
    runToEnd(steps)
    exchange()

    const [, second] = describeDirectory(join(root, 'one'), ['a', 'b'], context)
    expect(second).toMatchObject({ digest: digestOf('b of one') })
  })

  test('sees a change of content that keeps size and time of change', () => {
    const before = inputDigest()

    writeOld('src/a.ts', 'z')

    expect(inputDigest()).not.toBe(before)
  })

  test('keeps what it knows of names that were not asked for', () => {
    const context = freshContext()
    describeDirectory(join(root, 'src'), ['a.ts'], context)
    describeDirectory(join(root, 'src'), ['b.ts'], context)

    const row = parseListing(context.statCache.read(join(root, 'src')) ?? new Uint8Array(), 32)
    expect(row?.names).toEqual(['a.ts', 'b.ts'])
  })

  test('that holds damaged rows costs time, and nothing else', () => {
    const digest = inputDigest()
    statCache.write(join(root, 'src'), Buffer.from('x'.repeat(500)))

    expect(inputDigest()).toBe(digest)
  })
})

describe('the names of a directory', () => {
  test('are read again only when it was touched', async () => {
    const path = join(root, 'src/empty')
    await aged()
    const before = inputDigest()
    const row = parseListing(statCache.read(path) ?? new Uint8Array(), 32)!
    writeOld('src/empty/new', '')
    // A row that lies, as none of ours does: whoever reads the names does not believe it.
    statCache.write(path, encodeListing({ ...row, self: lstatSync(path) }))
    const believed = inputDigest()

    chmodSync(path, 0o700)

    expect(believed).toBe(before)
    expect(inputDigest()).not.toBe(before)
  })

  test.each<readonly [string, (path: string) => void]>([
    ['added', (path) => writeOld(`${path}/new`, '')],
    ['removed', (path) => rmSync(join(root, path, 'b.ts'))],
    ['exchanged', (path) => renameSync(join(root, path, 'b.ts'), join(root, path, 'c.ts'))],
  ])('that was %s are seen, though the directory’s time was set back', async (_, change) => {
    utimesSync(join(root, 'src'), 1_700_000_000, 1_700_000_000)
    await aged()
    const before = inputDigest()

    change('src')
    utimesSync(join(root, 'src'), 1_700_000_000, 1_700_000_000)

    expect(inputDigest()).not.toBe(before)
  })

  test('are not remembered of a directory that changed just now', () => {
    lookAtOnce('src')
    inputDigest()

    expect(parseListing(statCache.read(join(root, 'src')) ?? new Uint8Array(), 32)?.self).toBe(
      undefined,
    )
  })

  test('behind a link are read each time', async () => {
    await aged()
    symlinkSync('src', join(root, 'linked'))
    await aged()
    const before = inputDigest('linked')

    writeOld('src/new', '')

    expect(inputDigest('linked')).not.toBe(before)
  })
})

test('a file of the size that is cut has the digest of its whole content', () => {
  const bytes = Buffer.alloc(3_000_000, 'abc')
  writeFileSync(join(root, 'large'), bytes)

  const [entry] = describeDirectory(root, ['large'], freshContext())

  expect(entry).toMatchObject({
    kind: 'file',
    digest: algorithm.hash(readFileSync(join(root, 'large'))).toString('hex'),
  })
})

/** Waits until no file that is there now counts as changed just now. */
async function aged(): Promise<void> {
  await delay(50)
}

/** From now on it is the moment at which a file was changed, however long the machine takes. */
function lookAtOnce(relativePath: string): void {
  const { ctimeMs } = lstatSync(join(root, relativePath))
  now = () => ctimeMs
}

/** Holds nothing, and has the scan yield after each file. */
const alwaysFull: ContentSink = {
  isFull: true,
  find: () => undefined,
  findLarge: () => undefined,
  add: () => ({ number: undefined }),
  addNode: () => [{ number: undefined }],
  addChunked: () => [],
  reuse: () => false,
  remember: () => {},
}

function digestOf(text: string): string {
  return algorithm.hash(Buffer.from(text)).toString('hex')
}

function freshContext() {
  return { algorithm, statCache: createMemoryStatCache(), now: Date.now }
}

function inputDigest(directory = 'src'): string {
  const context = { algorithm, statCache, now }
  return runToEnd(scanTree(join(root, directory), { context })).node.input.toString('hex')
}

/** A file as an earlier run would have left it. */
function writeOld(relativePath: string, content: string): void {
  writeFileSync(join(root, relativePath), content)
  utimesSync(join(root, relativePath), 1_700_000_000, 1_700_000_000)
}
