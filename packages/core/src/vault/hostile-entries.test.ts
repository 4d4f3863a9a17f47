import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openHashAlgorithm } from '../hashing/open-hash-algorithm.ts'
import { digestFromBytes } from '../model/digest.ts'
import type { Digest } from '../model/digest.ts'
import type { VaultEvent } from '../model/events.ts'
import { encodeBlobHeader, encodePackIndex, encodeTrailer } from '../model/pack-index.ts'
import { parseTaskName } from '../model/task.ts'
import { buildBlob } from '../store/blobs/build-blob.ts'
import { sampleSettings } from '../testing/sample-settings.ts'
import { sampleWork } from '../testing/sample-work.ts'
import { openVault } from './open-vault.ts'

/*
 * Entries that no save makes, planted by somebody who can write to the blobs: every digest is right.
 * The index is rebuilt from them. Each must be a miss, or restored within its outputs.
 */

const task = parseTaskName('hostile')
const work = sampleWork(task, 1)

const algorithm = await openHashAlgorithm('blake3')
let root = ''

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'hostile-')))
  mkdirSync(join(root, 'project/out'), { recursive: true })
  mkdirSync(join(root, 'cache/blobs'), { recursive: true })
  writeFileSync(join(root, 'project/out/mine'), 'mine')
  writeFileSync(join(root, 'project/precious'), 'precious')
  mkdirSync(join(root, 'victim'))
  writeFileSync(join(root, 'victim/precious'), 'precious')
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

const X = 'x'.repeat(10)

describe('a tree that was forged', () => {
  test('is restored when it is none of the others', async () => {
    plantTree(`${file('a')}\n${file('b', '755')}\n`)

    expect(await restore()).toMatchObject({ kind: 'hit' })
    expect(readFileSync(join(root, 'project/out/a'), 'utf8')).toBe(X)
    expect(readdirSync(join(root, 'project/out'))).toEqual(['a', 'b'])
  })

  test.each<[string, string]>([
    ['the directory above', `${file('..')}\n`],
    ['the directory itself', `${file('.')}\n`],
    ['no name', `${file('')}\n`],
    ['a path', `${file('../../victim/precious')}\n`],
    ['an absolute path', `${file('/etc/passwd')}\n`],
    ['a name with a NUL', `${file('a\0b')}\n`],
    ['a name twice', `${file('a')}\n${file('a')}\n`],
    ['a link and then something behind it', `l\t-\t-\t0\t/etc\ta\n${file('a')}\n`],
    ['names out of order', `${file('b')}\n${file('a')}\n`],
    ['a setuid bit', `${file('a', '4755')}\n`],
    ['a sticky bit', `${file('a', '1777')}\n`],
    ['a mode that is no number', `${file('a', '-1')}\n`],
    ['a device', `c\t644\t10\t0\t{x}\ta\n`],
    ['a hard link', `h\t644\t10\t0\t{x}\ta\n`],
    ['a pipe', `p\t644\t-\t0\t-\ta\n`],
    ['a negative size', `f\t644\t-1\t0\t{x}\ta\n`],
    ['a time that is none', `f\t644\t10\tNaN\t{x}\ta\n`],
    ['a digest that is a path', `f\t644\t10\t0\t../../../victim/precious\ta\n`],
    ['a content that is nowhere', `f\t644\t10\t0\t${'0'.repeat(64)}\ta\n`],
    ['a directory that is no directory', `d\t755\t-\t0\t{x}\ta\n`],
    ['a link to nothing', `l\t-\t-\t0\t\ta\n`],
    ['a link with a NUL', `l\t-\t-\t0\t/etc\0\ta\n`],
    ['too few fields', `f\t644\t10\t0\t{x}\n`],
    ['too many fields', `f\t644\t10\t0\t{x}\ta\tb\n`],
    ['a last line that is cut off', file('a')],
    ['an escape that nobody writes', `${file('a\\x')}\n`],
  ])('is refused when it has %s', async (_, node) => {
    plantTree(node)

    expect(await attempt()).toEqual(REFUSED)
  })

  test.each<[string, string]>([
    ['a name longer than any', `${file('n'.repeat(300))}\n`],
    ['no UTF-8', `${file('\u00ff')}\n`],
    ['a line feed and a tab', `${file('a\\nb\\tc')}\n`],
    ['a backslash and a colon', `${file('..\\\\x:y')}\n`],
    ['both letter cases', `${file('A')}\n${file('a')}\n`],
    ['both forms of an accent', `${file('e\u0301')}\n${file('\u00e9')}\n`],
    ['a ligature', `${file('ff')}\n${file('\ufb00')}\n`],
    ['git’s name', `d\t755\t-\t0\t{empty}\t.git\n`],
    ['a link out of the output', `l\t-\t-\t0\t../../victim\ta\n`],
  ])('stays within its output when it has %s', async (_, node) => {
    plantTree(node)

    const before = picture(root, ['project/out', 'cache'])
    await restore()

    expect(picture(root, ['project/out', 'cache'])).toEqual(before)
  })

  test('that is deeper than any path is a miss', async () => {
    const contents: Buffer[] = [
      Buffer.from(X),
      Buffer.from(file('a').replace('{x}', digestOf(X)) + '\n'),
    ]
    for (let depth = 0; depth < 5_000; depth += 1) {
      contents.push(Buffer.from(`d\t755\t-\t0\t${digestOf(contents.at(-1)!)}\td\n`))
    }
    plant(contents, { outputs: [['out', directoryLine(contents.at(-1)!)]] })

    expect(await attempt()).toEqual(REFUSED)
  })

  test('whose nodes name one another twice each is no tree of a billion names', async () => {
    const contents: Buffer[] = [Buffer.from(X), Buffer.from('')]
    for (let depth = 0; depth < 30; depth += 1) {
      const digest = digestOf(contents.at(-1)!)
      contents.push(Buffer.from(`d\t755\t-\t0\t${digest}\ta\nd\t755\t-\t0\t${digest}\tb\n`))
    }
    plant(contents, { outputs: [['out', directoryLine(contents.at(-1)!)]], fileCount: 60 })

    expect(await attempt()).toEqual(REFUSED)
  })

  test('with more bytes than its manifest says is refused before they are written', async () => {
    const zeros = Buffer.alloc(8 * 1024 * 1024)
    const digest = digestOf(zeros)
    const names = Array.from({ length: 5_000 }, (_, at) => String(at).padStart(5, '0'))
    const lines = names.map((name) => `f\t644\t10\t0\t${digest}\t${name}\n`)
    const node = Buffer.from(lines.join(''))
    plant([zeros, node], {
      outputs: [['out', directoryLine(node)]],
      sizeBytes: 50_000,
      fileCount: 5_000,
    })

    expect(await attempt()).toEqual(REFUSED)
  })
})

describe('a manifest that was forged', () => {
  test.each<[string, Record<string, unknown>]>([
    ['an output that was not asked for', { outputs: [['../victim', line('x')]] }],
    ['an absolute output', { outputs: [['/etc', line('x')]] }],
    [
      'one output more',
      {
        outputs: [
          ['out', line('x')],
          ['precious', line('x')],
        ],
      },
    ],
    [
      'an output twice',
      {
        outputs: [
          ['out', line('x')],
          ['out', line('x')],
        ],
      },
    ],
    ['no outputs', { outputs: undefined }],
    ['an output that is no pair', { outputs: [['out', line('x'), 'more']] }],
    ['another key', { key: 'b2'.repeat(32) }],
    ['another scope', { scope: 'other' }],
    ['a task that is none', { task: 'a b' }],
    ['a blob that is a path', { blobs: ['../../victim/precious'] }],
    ['a blob that is nowhere', { blobs: ['0'.repeat(64)] }],
    ['a negative count', { fileCount: -1 }],
    ['a log that is nowhere', { log: { digest: '0'.repeat(64), sizeBytes: 1 } }],
    ['notes that are nowhere', { notes: { digest: '0'.repeat(64), sizeBytes: 1 } }],
    ['an origin that is none', { origin: 'local' }],
    ['an object for a list', { outputs: { length: 1 } }],
  ])('is refused when it has %s', async (_, fields) => {
    plant([Buffer.from(X)], { outputs: [['out', line('x')]], ...fields })

    expect(await attempt()).toEqual(REFUSED)
  })

  test('gives an output the name that is asked for, whatever it calls it', async () => {
    plant([Buffer.from(X)], { outputs: [['out', line('evil')]] })

    expect(await restore()).toMatchObject({ kind: 'hit' })
    expect(readFileSync(join(root, 'project/out'), 'utf8')).toBe(X)
  })

  test('cannot lead one output through a link that is another', async () => {
    const link = `l\t-\t-\t0\t${join(root, 'victim')}\tout`
    plant([Buffer.from(X)], {
      outputs: [
        ['out', link],
        ['out/precious', line('precious')],
      ],
    })
    const before = picture(join(root, 'victim'))

    await restore(['out', 'out/precious'])

    expect(picture(join(root, 'victim'))).toEqual(before)
  })

  test.each(['', 'null', '[]', '7', '{"a"', '{}'])('that reads %j is refused', async (text) => {
    plantBlob(manifestBlob([Buffer.from(text)]))

    expect(await attempt()).toEqual(REFUSED)
  })
})

describe('a blob that was forged', () => {
  const zeros = Buffer.alloc(512 * 1024 * 1024)

  test.each<[string, () => Buffer]>([
    [
      'a frame that unpacks to more than it says',
      () => bomb({ frame: zstdCompressSync(zeros), rawBytes: 1_000 }),
    ],
    [
      'a frame that says it is enormous',
      () => bomb({ frame: zstdCompressSync(zeros), rawBytes: zeros.length }),
    ],
    [
      'a frame that unpacks to less than it says',
      () => bomb({ frame: zstdCompressSync(Buffer.alloc(10)), rawBytes: 1_000 }),
    ],
    ['an index that unpacks to more than it says', () => indexBomb(1_000)],
    ['an index that says it is enormous', () => indexBomb(zeros.length)],
    ['a trailer that says more than there is', () => withTrailer(0xffff_ffff, 100)],
    [
      'an index with more contents than bytes',
      () => withIndex(Buffer.from('00000000ffffffff00000000', 'hex')),
    ],
    [
      'another format',
      () => Buffer.from('taskvault-manifest 1 md5\nrest of it, long enough for a trailer'),
    ],
  ])('is refused when it has %s, in little memory', async (_, build) => {
    plantBlob(build())
    globalThis.gc?.()
    const beforeBytes = process.memoryUsage.rss()

    expect(await attempt()).toEqual(REFUSED)

    expect(process.memoryUsage.rss() - beforeBytes).toBeLessThan(256 * 1024 * 1024)
  })
})

// ---------------------------------------------------------------------------------------------

function digestOf(bytes: string | Uint8Array): Digest {
  return digestFromBytes(algorithm.hash(Buffer.from(bytes as string)))
}

/** A file's line in a tree; `{x}` stands for a digest. */
function file(name: string, mode: string = '644'): string {
  return `f\t${mode}\t10\t0\t{x}\t${name}`
}

/** The same for an output. */
function line(name: string): string {
  return file(name).replace('{x}', digestOf(X))
}

function directoryLine(node: Buffer): string {
  return `d\t755\t-\t0\t${digestOf(node)}\tout`
}

/** Plants an entry whose output is a directory with this node; `{x}` is the digest of ten bytes. */
function plantTree(node: string): void {
  const text = node.replaceAll('{x}', digestOf(X)).replaceAll('{empty}', digestOf(''))
  const bytes = Buffer.from(text)
  plant([Buffer.from(X), Buffer.from(''), bytes], { outputs: [['out', directoryLine(bytes)]] })
}

/** Plants an entry: one blob with the manifest and all contents. */
function plant(contents: readonly Buffer[], fields: Record<string, unknown>): void {
  const manifest = {
    task,
    key: work.key,
    scope: 'local',
    createdAtMs: 1,
    exitCode: 0,
    durationMs: 0,
    origin: {},
    sizeBytes: 1e6,
    fileCount: 1e4,
    blobs: [],
    ...fields,
  }
  plantBlob(manifestBlob([Buffer.from(JSON.stringify(manifest)), ...contents]))
}

function manifestBlob(contents: readonly Buffer[]): Buffer {
  return buildBlob(
    'manifest',
    contents.map((bytes) => ({ digest: algorithm.hash(bytes), bytes })),
    algorithm,
  )
}

function plantBlob(blob: Buffer): void {
  writeFileSync(join(root, 'cache/blobs', digestOf(blob)), blob)
}

/** A manifest's blob whose only frame is not what the index says. */
function bomb({ frame, rawBytes }: { readonly frame: Buffer; readonly rawBytes: number }): Buffer {
  const digest = algorithm.hash(Buffer.from(X))
  const frames = [{ storedBytes: frame.length, rawBytes, codec: 'zstd' as const }]
  const contents = [{ digest, frame: 0, offset: 0, length: Math.min(rawBytes, 500) }]
  return withIndex(encodePackIndex({ frames, contents, chunked: [] }, algorithm.digestBytes), frame)
}

function withIndex(index: Buffer, frame: Buffer = Buffer.alloc(0)): Buffer {
  const stored = zstdCompressSync(index)
  const trailer = encodeTrailer({ storedBytes: stored.length, rawBytes: index.length })
  return Buffer.concat([encodeBlobHeader('manifest', 'blake3'), frame, stored, trailer])
}

function indexBomb(rawBytes: number): Buffer {
  const stored = zstdCompressSync(Buffer.alloc(512 * 1024 * 1024))
  const trailer = encodeTrailer({ storedBytes: stored.length, rawBytes })
  return Buffer.concat([encodeBlobHeader('manifest', 'blake3'), stored, trailer])
}

function withTrailer(storedBytes: number, rawBytes: number): Buffer {
  return Buffer.concat([
    encodeBlobHeader('manifest', 'blake3'),
    encodeTrailer({ storedBytes, rawBytes }),
  ])
}

async function restore(
  outputs: readonly string[] = ['out'],
): Promise<{ kind: 'hit' | 'miss' | 'blocked' }> {
  const events: VaultEvent[] = []
  await using vault = await openVault({
    settings: settings(),
    report: (event) => void events.push(event),
  })
  const targets = outputs.map((name) => ({
    declaredAs: name,
    absolutePath: join(root, 'project', name),
  }))
  const staged = await vault.stage({ task, work, targets })
  if (staged.kind === 'miss') return staged
  await using hit = staged
  try {
    await hit.apply()
    return hit
  } catch (error) {
    expect(error).toMatchObject({ code: 'OUTPUT_BLOCKED' })
    return { kind: 'blocked' }
  }
}

/** What came of a restore, and what it changed in the project and around it. */
async function attempt(): Promise<{ readonly kind: string; readonly changed: readonly string[] }> {
  const before = picture(root, ['cache'])
  const { kind } = await restore()
  const after = picture(root, ['cache'])
  const paths = new Set([...Object.keys(before), ...Object.keys(after)])
  return { kind, changed: [...paths].filter((path) => before[path] !== after[path]) }
}

const REFUSED = { kind: 'miss', changed: [] }

function settings() {
  return sampleSettings(join(root, 'project'), { cacheDirectory: join(root, 'cache') })
}

/** Every path below a directory, with what it holds; some are left out. */
function picture(
  directory: string,
  without: readonly string[] = [],
  below = '',
): Record<string, string> {
  const items: Record<string, string> = {}
  for (const name of readdirSync(join(directory, below))) {
    const path = join(below, name)
    if (without.includes(path)) continue
    const stats = lstatSync(join(directory, path))
    if (stats.isSymbolicLink()) items[path] = `-> ${readlinkSync(join(directory, path))}`
    else if (stats.isDirectory())
      Object.assign(items, { [path]: 'directory' }, picture(directory, without, path))
    else items[path] = `${stats.mode} ${readFileSync(join(directory, path), 'latin1')}`
  }
  return items
}
