import { readFileSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { blobNameOf } from '../model/blob-name.ts'
import { digestFromBytes } from '../model/digest.ts'
import { TRAILER_BYTES, encodePackIndex, encodeTrailer } from '../model/pack-index.ts'
import type { IndexedContent, PackIndex } from '../model/pack-index.ts'
import { blobObjectKey } from '../remote/objects/object-layout.ts'
import { buildBlob } from '../store/blobs/build-blob.ts'
import { compressIndex } from '../store/blobs/compress-index.ts'
import { listBlobs } from '../store/blobs/list-blobs.ts'
import { openBlob } from '../store/blobs/pack-reader.ts'
import type { BlobReader } from '../store/blobs/pack-reader.ts'
import type { Checkout } from '../testing/checkout.ts'
import { sampleBytes } from '../testing/sample-blobs.ts'
import { startStrictS3Server } from '../testing/strict-s3-server.ts'
import type { StrictS3Server } from '../testing/strict-s3-server.ts'
import { useCheckout } from '../testing/use-checkout.ts'

/*
 * Whoever has a bucket can put a pack there whose index takes one content for another, and answer those who ask
 * for the end of the pack with an index that is right.
 */

const [FIRST, SECOND] = [sampleBytes(200_000, 1), sampleBytes(200_000, 2)]
const FILLING_FILES = 70

let bucket: StrictS3Server
let objects: Map<string, Buffer>
let victim: Checkout

beforeEach(async () => {
  bucket = await startStrictS3Server()
  onTestFinished(async () => await bucket[Symbol.asyncDispose]())
  objects = bucket.objects
  const { address: url, env } = bucket
  victim = await useCheckout({ url, env, remote: { mode: 'read' } })
})

test('a pack that is not what its end was said to be does not spoil what is saved afterwards', async () => {
  const { honest, planted } = await plantPack()
  answerEnds(planted, honest)

  const restored = await victim.restore('planted')

  await expectGoodSave()
  expect(restored).toMatchObject({ kind: 'miss', reasons: [{ kind: 'damaged' }] })
})

test('nor does one whose end is what it was said to be (control)', async () => {
  const { planted } = await plantPack()
  answerEnds(planted, planted)

  const restored = await victim.restore('planted')

  await expectGoodSave()
  expect(restored).toMatchObject({ kind: 'miss', reasons: [{ kind: 'damaged' }] })
})

async function expectGoodSave(): Promise<void> {
  rmSync(join(victim.root, 'out'), { recursive: true, force: true })
  victim.write('out/first', FIRST)
  await victim.save('own work')
  rmSync(join(victim.root, 'out'), { recursive: true })

  expect(await victim.restore('own work')).toBe('hit')
  expect(Buffer.from(victim.outputs()['first'] ?? '', 'base64').equals(FIRST)).toBe(true)
}

interface Planted {
  readonly honest: Buffer
  /** The same, but for two digests in its index. */
  readonly planted: Buffer
}

/** Puts such a pack in the place of one that an entry needs. */
async function plantPack(): Promise<Planted> {
  const { address: url, env } = bucket
  const writer = await useCheckout({ url, env })
  writer.write('out/1 first', FIRST)
  writer.write('out/2 second', SECOND)
  for (let index = 0; index < FILLING_FILES; index += 1)
    writer.write(`out/filling/${index}`, sampleBytes(250_000, 100 + index))
  await writer.save('planted')
  const blobs = await openBlobs(writer)
  const pack = blobs.find(({ reader }) => reader.header.kind === 'pack' && holds(reader, FIRST))
  const manifest = blobs.find(({ reader }) => reader.header.kind === 'manifest')
  if (pack === undefined || manifest === undefined) throw new Error('nothing was saved')

  const planted = exchange(pack.reader, pack.bytes)
  const changed = buildBlob(
    'manifest',
    readContents(manifest.reader).map((bytes, index) => {
      const text = index === 0 ? renamed(String(bytes), pack.bytes, planted) : bytes
      return { digest: hash(Buffer.from(text)), bytes: Buffer.from(text) }
    }),
    victim.vault.algorithm,
  )
  objects.set(keyOf(planted), planted)
  objects.set(keyOf(changed), changed)
  for (const key of objects.keys().filter((name) => name.includes('/v1/entries/'))) {
    const record = renamed(String(objects.get(key)), manifest.bytes, changed)
    const resized = record.replace(`:${manifest.bytes.length}`, `:${changed.length}`)
    objects.set(key, Buffer.from(renamed(resized, pack.bytes, planted)))
  }
  return { honest: pack.bytes, planted }
}

async function openBlobs({ root }: Checkout) {
  return await Promise.all(
    listBlobs(join(root, 'cache')).map(async (name) => {
      const path = join(root, 'cache', 'blobs', name)
      const reader = await openBlob(path)
      onTestFinished(() => reader[Symbol.dispose]())
      return { reader, bytes: readFileSync(path) }
    }),
  )
}

function holds({ index }: BlobReader, content: Buffer): boolean {
  return rowsOf(index).some(({ digest }) => digest.equals(hash(content)))
}

function readContents(blob: BlobReader): Buffer[] {
  return rowsOf(blob.index).map((content) => blob.readContent(content))
}

function rowsOf({ contents }: PackIndex): IndexedContent[] {
  return Array.from({ length: contents.count }, (_, row) => contents.read(row))
}

/** The pack with the digests of the two contents in each other's place. */
function exchange({ index }: BlobReader, bytes: Buffer): Buffer {
  const [first, second] = [hash(FIRST), hash(SECOND)]
  const contents = rowsOf(index).map((row) => {
    if (row.digest.equals(first)) return { ...row, digest: second }
    return row.digest.equals(second) ? { ...row, digest: first } : row
  })
  const raw = encodePackIndex({ ...index, contents }, victim.vault.algorithm.digestBytes)
  const stored = compressIndex(raw)
  const trailer = encodeTrailer({ storedBytes: stored.length, rawBytes: raw.length })
  const framesEnd = bytes.length - TRAILER_BYTES - bytes.readUInt32LE(bytes.length - TRAILER_BYTES)
  const planted = Buffer.concat([bytes.subarray(0, framesEnd), stored, trailer])
  // Else the other end would not fit.
  expect(planted.length).toBe(bytes.length)
  return planted
}

/** Answers whoever asks for the end of a pack with that of another. */
function answerEnds(pack: Buffer, other: Buffer): void {
  bucket.interfere(
    (request, response) => {
      const end = other.subarray(startOf(request))
      response.writeHead(206, { 'content-length': end.length }).end(end)
    },
    (request) => String(request.url).includes(keyOf(pack)) && startOf(request) > 0,
  )
}

function startOf({ headers }: IncomingMessage): number {
  return Number(/^bytes=(\d+)-/.exec(headers.range ?? '')?.[1])
}

function hash(bytes: Buffer): Buffer {
  return victim.vault.algorithm.hash(bytes)
}

function keyOf(bytes: Buffer): string {
  const name = blobNameOf({ algorithm: 'blake3', digest: digestFromBytes(hash(bytes)) })
  return `some/prefix/${blobObjectKey(name)}`
}

function renamed(text: string, from: Buffer, to: Buffer): string {
  return text.replaceAll(digestFromBytes(hash(from)), digestFromBytes(hash(to)))
}
