import { createHash } from 'node:crypto'
import { chmodSync, lstatSync, readFileSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { openRig } from '../rig/rig.ts'
import type { Rig } from '../rig/rig.ts'

/*
 * Reads a vault by docs/store-format.md alone, with nothing of ours: what the page says is enough to get
 * the bytes back. If this file has to change, so does the page, and perhaps the version of the format.
 */

const MAKE = `mkdir -p out/empty
seq 1 400000 > out/large.txt
printf small > out/small.txt
printf '#!/bin/sh\\n' > out/run; chmod 750 out/run
ln -s 'no\\where' out/link; printf x > 'out/odd\tname'
touch -d '2001-02-03T04:05:06.123457Z' out/small.txt
echo made; echo careful >&2
`
const FILES = {
  '.taskvault/config.yaml': 'hash_algorithm: sha256\n',
  'src/a b.txt': 'a\n',
  'src/run.sh': MAKE,
}
const WORDS = ['sh', 'src/run.sh', "it's"]

test('a reader that knows only the page finds the outputs as they were saved', async () => {
  await using rig = await openSaved()
  const contents = readContents(rig)

  const { outputs, sizeBytes, fileCount, blobs } = readManifest(rig)

  expect(outputs.map(([declared]) => declared)).toEqual(['out'])
  expect(putBack(outputs[0]?.[1] ?? '', contents)).toEqual(readTree(rig.resolve('out')))
  expect([fileCount, blobs.length]).toEqual([6, 1])
  expect(readBlobs(rig).flatMap(({ chunked }) => chunked)).toHaveLength(1)
  expect(sizeBytes).toBe(readFileSync(rig.resolve('out/large.txt')).length + 5 + 10 + 1)
})

test('a reader that knows only the page finds the log', async () => {
  await using rig = await openSaved()

  const log = readContents(rig).get(readManifest(rig).log.digest) ?? Buffer.of()

  expect(readLog(log)).toEqual([
    [0, 'made\n'],
    [1, 'careful\n'],
  ])
})

test('a fingerprint that is written by the page is the one that was saved, and its digest the key', async () => {
  await using rig = await openSaved()
  const command = String.raw`sh src/run.sh 'it'\''s'`
  const expected = [
    'taskvault-fingerprint 1 sha256',
    'task\tmake',
    `command\t${sha256(`${command}\0`)}`,
    `salt\t${sha256('2')}`,
    `env\t${sha256('SET\0värt')}\tSET`,
    'env\t-\tUNSET',
    `tool\t${sha256('2 0\n1\n')}\techo 1`,
    `file\t${sha256('a\n')}\tsrc/a b.txt`,
    `symlink\t${sha256('a b.txt')}\tsrc/link`,
    `executable\t${sha256(MAKE)}\tsrc/run.sh`,
    '',
  ].join('\n')

  const { key, fingerprint } = readManifest(rig)

  expect(readContents(rig).get(fingerprint.digest)?.toString()).toBe(expected)
  expect(key).toBe(sha256(expected))
})

test('the chain of the audit log is what the page says', async () => {
  await using rig = await openSaved()
  const lines = rig.read('.taskvault/cache/audit.log').trimEnd().split('\n')

  let before = '0'.repeat(32)
  for (const line of lines) {
    const [text = '', chain] = line.split(' chain=')
    before = sha256(before + text).slice(0, 32)
    expect(chain).toBe(before)
  }
  expect(lines.some((line) => / SAVE put task=make hash=[0-9a-f]{8}\.\.\. /.test(line))).toBe(true)
})

async function openSaved(): Promise<Rig> {
  const rig = openRig(FILES)
  chmodSync(rig.resolve('src/run.sh'), 0o755)
  symlinkSync('a b.txt', rig.resolve('src/link'))
  const options = '--input src/** --output out --env UNSET --env SET --salt 2'.split(' ')
  const words = ['run', 'make', ...options, '--tool', 'echo 1', '--', ...WORDS]
  const { stderr } = await rig.taskvault(words, { env: { SET: 'värt' } })
  expect(stderr).toContain('✓ make: saved')
  return rig
}

interface Manifest {
  readonly key: string
  readonly outputs: readonly (readonly [string, string])[]
  readonly sizeBytes: number
  readonly fileCount: number
  readonly log: { readonly digest: string }
  readonly fingerprint: { readonly digest: string }
  readonly blobs: readonly string[]
}

function readManifest(rig: Rig): Manifest {
  const found = readBlobs(rig).find(({ kind }) => kind === 'manifest')
  return JSON.parse(found?.contents.values().next().value?.toString() ?? '') as Manifest
}

/** All contents of all blobs by their digest, each checked. */
function readContents(rig: Rig): ReadonlyMap<string, Buffer> {
  const blobs = readBlobs(rig)
  const contents = new Map(blobs.flatMap((blob) => [...blob.contents]))
  for (const [digest, chunks] of blobs.flatMap((blob) => blob.chunked))
    contents.set(digest, Buffer.concat(chunks.map((chunk) => contents.get(chunk) ?? Buffer.of())))
  for (const [digest, bytes] of contents) expect(sha256(bytes)).toBe(digest)
  return contents
}

interface Blob {
  readonly kind: string
  readonly contents: ReadonlyMap<string, Buffer>
  readonly chunked: readonly (readonly [string, readonly string[]])[]
}

function readBlobs(rig: Rig): readonly Blob[] {
  const directory = rig.resolve('.taskvault/cache/blobs')
  return readdirSync(directory)
    .filter((name) => /^[0-9a-f]{64}$/.test(name))
    .map((name) => {
      const bytes = readFileSync(path.join(directory, name))
      expect(sha256(bytes)).toBe(name)
      return readBlob(bytes)
    })
}

function readBlob(bytes: Buffer): Blob {
  const trailerAt = bytes.length - 16
  const [storedBytes, rawBytes] = [bytes.readUInt32LE(trailerAt), bytes.readUInt32LE(trailerAt + 4)]
  const stored = bytes.subarray(trailerAt - storedBytes, trailerAt)
  const index = openCursor(storedBytes === rawBytes ? stored : zstdDecompressSync(stored))
  const header = bytes.toString('latin1', 0, bytes.indexOf('\n'))
  let at = header.length + 1
  const frames = index.times(() => {
    const [frameBytes, , codec] = [index.u32(), index.u32(), index.take(1)[0]]
    const frame = bytes.subarray(at, (at += frameBytes))
    return codec === 1 ? zstdDecompressSync(frame) : frame
  })
  const contents = index.times(() => {
    const [digest, frame, offset, length] = [index.digest(), index.u32(), index.u32(), index.u32()]
    return [digest, frames[frame]?.subarray(offset, offset + length) ?? Buffer.of()] as const
  })
  const chunked = index.times(() => {
    const digest = index.digest()
    index.take(8)
    return [digest, index.times(index.digest)] as const
  })
  expect(header).toMatch(/^taskvault-(pack|manifest) 1 sha256$/)
  expect([at, index.left()]).toEqual([trailerAt - storedBytes, 0])
  expect(bytes.toString('latin1', trailerAt + 8)).toBe('TVINDEX1')
  return { kind: header.split(/[- ]/)[1] ?? '', contents: new Map(contents), chunked }
}

function openCursor(bytes: Buffer) {
  let at = 0
  const take = (length: number): Buffer => bytes.subarray(at, (at += length))
  const u32 = (): number => take(4).readUInt32LE()
  const times = <Item>(read: () => Item): Item[] => Array.from({ length: u32() }, read)
  return { take, u32, times, digest: () => take(32).toString('hex'), left: () => bytes.length - at }
}

type Tree = readonly unknown[]

/** What a line of a node says, with all that is below. */
function putBack(line: string, contents: ReadonlyMap<string, Buffer>): Tree {
  const [kind, mode = '', , timeUs, value = '', name = ''] = line.split('\t')
  const common = [unescape(name), kind, Number(timeUs)]
  if (kind === 'l') return [...common, unescape(value)]
  const content = contents.get(value) ?? Buffer.of()
  if (kind === 'f') return [...common, mode, sha256(content)]
  const lines = content.toString().split('\n').slice(0, -1)
  return [...common, mode, lines.map((each) => putBack(each, contents))]
}

function readTree(place: string): Tree {
  const stats = lstatSync(place)
  const timeUs = Math.round(stats.mtimeMs * 1000)
  const mode = (stats.mode & 0o777).toString(8)
  if (stats.isSymbolicLink()) return [path.basename(place), 'l', timeUs, readlinkSync(place)]
  if (stats.isFile()) {
    return [path.basename(place), 'f', timeUs, mode, sha256(readFileSync(place))]
  }
  const below = readdirSync(place).toSorted()
  return [
    path.basename(place),
    'd',
    timeUs,
    mode,
    below.map((name) => readTree(path.join(place, name))),
  ]
}

function readLog(log: Buffer): (readonly [number, string])[] {
  const records = openCursor(log)
  expect(records.take(16).toString()).toBe('taskvault-log 1\n')
  const read: (readonly [number, string])[] = []
  while (records.left() > 0) {
    const word = records.u32()
    read.push([word & 3, records.take(word >>> 2).toString()])
  }
  return read
}

function unescape(text: string): string {
  const plain: Record<string, string> = { t: '\t', n: '\n', r: '\r' }
  return text.replaceAll(/\\(.)/g, (_, char: string) => plain[char] ?? char)
}

function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
