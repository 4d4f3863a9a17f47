import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { openRig } from '../rig/rig.ts'
import type { Rig } from '../rig/rig.ts'

/* Writes an entry by docs/store-format.md and docs/remote.md alone, with nothing of ours. */

const FILES = { '.taskvault/config.yaml': 'hash_algorithm: sha256\n', 'input.txt': 'input' }
const OUTPUT = Buffer.from('made by another program\n')
const BLOBS = '.taskvault/cache/blobs'
const GET = ['cache', 'get', 'make', 'input.txt', 'output.txt']

test('what another program writes into an empty vault is restored', async () => {
  await using rig = openRig(FILES)
  const { name, bytes } = createEntry()
  rig.write(`${BLOBS}/${name}`, bytes)

  const got = await rig.taskvault(GET)

  expect(got.exitCode).toBe(0)
  expect(rig.read('output.txt')).toBe(OUTPUT.toString())
})

test('what another program writes into a vault in use is restored once that is repaired', async () => {
  await using rig = openRig(FILES)
  await rig.taskvault(['cache', 'save', 'other', 'input.txt', 'input.txt'])
  const { name, bytes } = createEntry()
  rig.write(`${BLOBS}/${name}`, bytes)

  const before = await rig.taskvault(GET)
  await rig.taskvault(['doctor', '--repair'])
  const after = await rig.taskvault(GET)

  expect([before.exitCode, after.exitCode]).toEqual([1, 0])
  expect(rig.read('output.txt')).toBe(OUTPUT.toString())
})

test('what another program writes into a shared folder is restored', async () => {
  await using rig = openRig(FILES)
  writeShared(rig, createEntry())

  const env = { TASKVAULT_REMOTE: `file://${rig.resolve('shared')}` }
  const got = await rig.taskvault(GET, { env })

  expect(got.exitCode).toBe(0)
  expect(rig.read('output.txt')).toBe(OUTPUT.toString())
})

interface Written {
  readonly key: string
  /** Of the manifest's blob, which holds everything. */
  readonly name: string
  readonly bytes: Buffer
}

function createEntry(): Written {
  const fingerprint = `taskvault-fingerprint 1 sha256\ntask\tmake\ncontent\t${sha256('input')}\n`
  const key = sha256(fingerprint)
  const manifest = {
    task: 'make',
    key,
    scope: 'local',
    createdAtMs: Date.now(),
    exitCode: 0,
    durationMs: 0,
    origin: {},
    outputs: [['', `f\t644\t${OUTPUT.length}\t1234567890123456\t${sha256(OUTPUT)}\toutput.txt`]],
    sizeBytes: OUTPUT.length,
    fileCount: 1,
    fingerprint: { digest: key, sizeBytes: fingerprint.length },
    blobs: [],
  }
  const contents = [Buffer.from(`${JSON.stringify(manifest)}\n`), Buffer.from(fingerprint), OUTPUT]
  const bytes = encodeBlob(contents)
  return { key, name: sha256(bytes), bytes }
}

/** One frame that is not compressed. */
function encodeBlob(contents: readonly Buffer[]): Buffer {
  const frame = Buffer.concat(contents)
  let offset = 0
  const places = contents.map((content) => {
    const place = [u32(0), u32(offset), u32(content.length)]
    offset += content.length
    return Buffer.concat([Buffer.from(sha256(content), 'hex'), ...place])
  })
  const frames = [u32(1), u32(frame.length), u32(frame.length), Buffer.of(0)]
  const index = Buffer.concat([...frames, u32(contents.length), ...places, u32(0)])
  const header = Buffer.from('taskvault-manifest 1 sha256\n')
  const trailer = [u32(index.length), u32(index.length), Buffer.from('TVINDEX1')]
  return Buffer.concat([header, frame, index, ...trailer])
}

function writeShared(rig: Rig, { key, name, bytes }: Written): void {
  const record = {
    id: 'any',
    scope: 'shared',
    task: 'make',
    key,
    manifest: { name: `sha256-${name}`, sizeBytes: bytes.length },
    packs: [],
    sizeBytes: OUTPUT.length,
    fileCount: 1,
    exitCode: 0,
    durationMs: 0,
    createdAtMs: Date.now(),
    origin: {},
    restored: [],
  }
  rig.write(`shared/v1/blobs/sha256/${name.slice(0, 2)}/${name}`, bytes)
  rig.write(`shared/v1/entries/make/${key}.json`, JSON.stringify(record))
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
