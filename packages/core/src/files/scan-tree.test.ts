import {
  chmodSync,
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
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { openHashAlgorithm } from '../hashing/hash-algorithm.ts'
import { describeDirectory } from './describe-directory.ts'
import { hashPath } from './hash-path.ts'
import { parseListing } from './listing.ts'
import { runToEnd } from './read-content.ts'
import { scanTree } from './scan-tree.ts'
import { createMemoryStatCache } from './stat-cache.ts'
import type { StatCache } from './stat-cache.ts'

const algorithm = await openHashAlgorithm('blake3')
let root = ''
let statCache: StatCache

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'scan-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  statCache = createMemoryStatCache()
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
  test('spares reading what has not changed', () => {
    const digest = inputDigest()
    // Content changes behind its back, as no program can without a trace: only a reader would see it.
    const row = parseListing(statCache.read(join(root, 'src')) ?? new Uint8Array(), 32)

    expect(row?.names).toEqual(['a.ts', 'b.ts', 'empty', 'link'])
    expect(row?.node?.input.toString('hex')).toBe(digest)
    expect(row?.mtimeMs.every((time) => !Number.isNaN(time))).toBe(true)
  })

  test('does not trust a file that was changed in the same moment as it was read', () => {
    writeFileSync(join(root, 'src/a.ts'), 'x')
    inputDigest()

    // Same size, same tick of the clock: nothing but the content tells the two apart.
    const row = parseListing(statCache.read(join(root, 'src')) ?? new Uint8Array(), 32)
    expect(row?.mtimeMs[0]).toBeNaN()
    expect(row?.mtimeMs[1]).not.toBeNaN()
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

test('a file of the size that is cut has the digest of its whole content', () => {
  const bytes = Buffer.alloc(3_000_000, 'abc')
  writeFileSync(join(root, 'large'), bytes)

  const [entry] = describeDirectory(root, ['large'], freshContext())

  expect(entry).toMatchObject({
    kind: 'file',
    digest: algorithm.hash(readFileSync(join(root, 'large'))).toString('hex'),
  })
})

function freshContext() {
  return { algorithm, statCache: createMemoryStatCache(), now: Date.now }
}

function inputDigest(directory = 'src'): string {
  const context = { algorithm, statCache, now: Date.now }
  return runToEnd(scanTree(join(root, directory), { context })).node.input.toString('hex')
}

/** A file as an earlier run would have left it. */
function writeOld(relativePath: string, content: string): void {
  writeFileSync(join(root, relativePath), content)
  utimesSync(join(root, relativePath), 1_700_000_000, 1_700_000_000)
}
