import { execFileSync } from 'node:child_process'
import {
  existsSync,
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
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { constants, createZstdCompress, gzipSync, zstdCompressSync } from 'node:zlib'
import { pack } from 'tar-stream'
import type { Headers } from 'tar-stream'
import { expect, onTestFinished, test } from 'vitest'
import { unpackArchive } from './unpack-archive.ts'

type Member = readonly [header: Headers, content?: string]

/** The types do not know of it. */
const PRECISE: Headers & { readonly pax: object } = {
  name: 'out/precise',
  pax: { mtime: '1000.25' },
}

const GOOD: readonly Member[] = [
  [{ name: 'out/', type: 'directory', mode: 0o555 }],
  [{ name: 'out/a', mode: 0o4755, mtime: new Date(1_000_000) }, 'first'],
  [{ name: 'out/a', mode: 0o4755, mtime: new Date(1_000_000) }, 'last'],
  [PRECISE, ''],
  [{ name: 'out/link', type: 'symlink', linkname: '/etc', mtime: new Date(2_000_000) }],
  [{ name: 'out/same', type: 'link', linkname: 'out/a' }],
  [{ name: 'out/skip/b', mode: 0o644 }, 'left out'],
]

test.each([zstdCompressSync, gzipSync])(
  'files, directories and links come out (%o)',
  async (by) => {
    const root = temporary()

    await unpack(root, by(await archive(GOOD)))

    expect(readFileSync(path.join(root, 'out/a'), 'utf8')).toBe('last')
    expect(readFileSync(path.join(root, 'out/same'), 'utf8')).toBe('last')
    expect(readlinkSync(path.join(root, 'out/link'))).toBe('/etc')
    expect(existsSync(path.join(root, 'out/skip'))).toBe(false)
    const { mode, mtimeMs } = lstatSync(path.join(root, 'out/a'))
    expect([mode & 0o7777, mtimeMs]).toEqual([0o755, 1_000_000])
    expect(lstatSync(path.join(root, 'out/precise')).mtimeMs).toBe(1_000_250)
    expect(lstatSync(path.join(root, 'out/link')).mtimeMs).toBe(2_000_000)
    expect(lstatSync(path.join(root, 'out')).mode & 0o777).toBe(0o555)
  },
)

test('what actions/cache has found behind links goes to where they lead', async () => {
  const root = temporary()
  const members: readonly Member[] = [
    [{ name: 'out/link', type: 'symlink', linkname: 'real/deep' }],
    [{ name: 'out/link', type: 'link', linkname: 'out/link' }],
    [{ name: 'out/link/a' }, 'a'],
    [{ name: 'out/real/deep/a', type: 'link', linkname: 'out/link/a' }],
    [{ name: 'out/link/up', type: 'symlink', linkname: '..' }],
    [{ name: 'out/link/up/b' }, 'b'],
    [{ name: 'out/away', type: 'symlink', linkname: 'skip' }],
    [{ name: 'out/away/c' }, 'left out'],
  ]

  await unpack(root, gzipSync(await archive(members)))

  const list = (name: string): readonly string[] => readdirSync(path.join(root, name)).toSorted()
  expect(list('out')).toEqual(['away', 'link', 'real'])
  expect(list('out/real')).toEqual(['b', 'deep'])
  expect(list('out/real/deep')).toEqual(['a', 'up'])
  expect(readlinkSync(path.join(root, 'out/link'))).toBe('real/deep')
  expect(readFileSync(path.join(root, 'out/real/deep/a'), 'utf8')).toBe('a')
})

test.each<readonly [what: string, members: readonly Member[], said: string]>([
  ['a way out', [[{ name: '../evil' }, 'x']], 'outside'],
  ['an absolute path', [[{ name: '/tmp/evil' }, 'x']], 'outside'],
  ['a path that goes back', [[{ name: 'out/../../evil' }, 'x']], 'outside'],
  [
    'a file behind a link',
    [[{ name: 'out/link', type: 'symlink', linkname: '../..' }], [{ name: 'out/link/evil' }, 'x']],
    'behind a link',
  ],
  [
    'a file behind a link of another case',
    [[{ name: 'out/Link', type: 'symlink', linkname: '../..' }], [{ name: 'out/link/evil' }, 'x']],
    'behind a link',
  ],
  [
    'a file behind an absolute link',
    [[{ name: 'out/link', type: 'symlink', linkname: '/tmp' }], [{ name: 'out/link/evil' }, 'x']],
    'behind a link',
  ],
  [
    'a file behind a link behind a link',
    [
      [{ name: 'out/one', type: 'symlink', linkname: 'deep' }],
      [{ name: 'out/one/two', type: 'symlink', linkname: '../..' }],
      [{ name: 'out/one/two/evil' }, 'x'],
    ],
    'behind a link',
  ],
  [
    'links in a circle',
    [
      [{ name: 'out/one', type: 'symlink', linkname: 'two' }],
      [{ name: 'out/two', type: 'symlink', linkname: 'one' }],
      [{ name: 'out/one/evil' }, 'x'],
    ],
    'behind a link',
  ],
  [
    'a directory in the place of a link',
    [
      [{ name: 'out/link', type: 'symlink', linkname: '../..' }],
      [{ name: 'out/link', type: 'directory', mode: 0o777 }],
    ],
    'a link before',
  ],
  [
    'a second name of a link',
    [
      [{ name: 'out/a' }, 'x'],
      [{ name: 'out/a', type: 'symlink', linkname: '../..' }],
      [{ name: 'out/b', type: 'link', linkname: 'out/a' }],
      [{ name: 'out/b/evil' }, 'x'],
    ],
    'a link before',
  ],
  ['a device', [[{ name: 'out/null', type: 'character-device' }]], 'not a file'],
  ['a pipe', [[{ name: 'out/pipe', type: 'fifo' }]], 'not a file'],
  [
    'a second name of what is elsewhere',
    [[{ name: 'out/a', type: 'link', linkname: '/etc/passwd' }]],
    'outside',
  ],
  [
    'a second name of nothing',
    [[{ name: 'out/a', type: 'link', linkname: 'out/b' }]],
    'second name',
  ],
  [
    'too many names',
    [...Array(20).keys()].map((at): Member => [{ name: `out/${at}` }]),
    'more than',
  ],
  ['too much', [[{ name: 'out/a' }, 'x'.repeat(10_000)]], 'more than'],
])('%s is refused', async (_, members, said) => {
  const root = temporary()

  await expect(unpack(root, zstdCompressSync(await archive(members)))).rejects.toThrow(said)

  expect(readdirSync(path.dirname(root))).toEqual([path.basename(root)])
})

test.each(['posix', 'gnu'])(
  'a name that is not UTF-8 is refused, and not guessed (%s)',
  async (format) => {
    const [from, root] = [temporary(), temporary()]
    mkdirSync(path.join(from, 'out'))
    writeFileSync(Buffer.concat([Buffer.from(`${from}/out/caf`), Buffer.of(0xe9)]), 'content')
    const bytes = execFileSync('tar', [`--format=${format}`, '-C', from, '-czf', '-', 'out'])

    await expect(unpack(root, bytes)).rejects.toMatchObject({
      code: 'ENTRY_DAMAGED',
      message: expect.stringContaining('is not UTF-8') as string,
    })
  },
)

test('what was compressed with as long a memory as actions/cache gives zstd comes out', async () => {
  const root = temporary()
  const compressor = createZstdCompress({ params: { [constants.ZSTD_c_windowLog]: 30 } })
  compressor.end(await archive(GOOD))

  await unpack(root, await buffer(compressor))

  expect(readFileSync(path.join(root, 'out/a'), 'utf8')).toBe('last')
})

test('what is cut, or no archive, is refused', async () => {
  const whole = zstdCompressSync(await archive([[{ name: 'out/a' }, 'content'.repeat(100)]]))
  const noise = Buffer.from('<html>Sign in</html>')

  for (const bytes of [whole.subarray(0, whole.length - 20), noise, Buffer.alloc(0)])
    await expect(unpack(temporary(), bytes)).rejects.toMatchObject({ code: 'ENTRY_DAMAGED' })
})

test.each<readonly [what: string, bytes: () => Promise<Uint8Array>]>([
  ['no archive', async () => Buffer.from('<html>Sign in</html>')],
  ['refused', async () => gzipSync(await archive([[{ name: '../evil' }, 'x']]))],
])('what is %s is read no further', async (_, bytes) => {
  const first = await bytes()
  let isEnded = false
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      yield first
      for (;;) yield Buffer.alloc(1000)
    } finally {
      isEnded = true
    }
  }
  const rules = { placeOf: () => ({ kind: 'outside' }) as const, limitBytes: 10_000 }

  await expect(unpackArchive(endless(), rules)).rejects.toMatchObject({ code: 'ENTRY_DAMAGED' })

  await expect.poll(() => isEnded, { timeout: 30_000 }).toBe(true)
})

test('what the source says is told', async () => {
  const rules = { placeOf: () => ({ kind: 'left-out' }) as const, limitBytes: 10_000 }

  await expect(unpackArchive(broken(), rules)).rejects.toThrow('the line is cut')
})

async function* broken(): AsyncGenerator<Uint8Array> {
  yield zstdCompressSync(await archive(GOOD)).subarray(0, 40)
  throw new RangeError('the line is cut')
}

async function unpack(root: string, bytes: Uint8Array): Promise<void> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7)
  }
  await unpackArchive(pieces(), {
    limitBytes: 10_000,
    placeOf(name) {
      const place = path.resolve(root, name)
      if (!place.startsWith(`${root}/out`)) return { kind: 'outside' }
      return place.includes('/skip') ? { kind: 'left-out' } : { kind: 'at', absolutePath: place }
    },
  })
}

async function archive(members: readonly Member[]): Promise<Buffer> {
  const packed = pack()
  for (const [header, content] of members) packed.entry(header, content ?? '')
  packed.finalize()
  return await buffer(packed)
}

/** A directory alone in another one. */
function temporary(): string {
  const above = realpathSync(mkdtempSync(path.join(tmpdir(), 'taskvault-unpack-')))
  onTestFinished(() => rmSync(above, { recursive: true, force: true }))
  return mkdtempSync(path.join(above, 'in-'))
}
