import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { digestToBytes } from '../../../model/digest.ts'
import { createReceivedContents } from '../../../store/blobs/received-contents.ts'
import { listReceived } from '../../../store/blobs/received-packs.ts'
import { collectGarbage } from '../../../store/removal/collect-garbage.ts'
import { verifyStore } from '../../../store/repair/verify-store.ts'
import { TASK, openCheckout, workOf } from '../../../testing/checkout.ts'
import type { Checkout } from '../../../testing/checkout.ts'
import { listOpenFiles } from '../../../testing/list-open-files.ts'
import { sampleBytes } from '../../../testing/sample-blobs.ts'
import { SAMPLE_POLICY } from '../../../testing/sample-settings.ts'
import { startStrictS3Server } from '../../../testing/strict-s3-server.ts'
import type { StrictS3Server } from '../../../testing/strict-s3-server.ts'
import {
  VERSION_BYTES,
  VERSION_PART_BYTES,
  pulledBytes,
  writeVersion,
} from '../../../testing/two-versions.ts'
import { createSharedFolder, useCheckout, useSharing } from '../../../testing/use-checkout.ts'

/*
 * Two machines have each saved a version of the same tree by itself: no pack is the same, and nearly all
 * contents are. One version is in a bucket, whence the other machine restores it over a socket.
 */

let bucket: StrictS3Server
let one: Checkout

beforeAll(async () => {
  bucket = await startStrictS3Server()
  one = await openCheckout({ url: bucket.address, env: bucket.env })
  writeVersion(one, 1)
  await one.save('of one')
})
afterAll(async () => {
  await one[Symbol.asyncDispose]()
  await bucket[Symbol.asyncDispose]()
})

test('of a version that another machine saved by itself, only what is missing comes', async () => {
  const other = await openOther()

  expect(await other.restore('of one')).toBe('hit')

  expect(other.outputs()).toEqual(one.outputs())
  expect(pulledBytes(other)).toBeLessThan(VERSION_PART_BYTES)
  expect(other.troubles).toEqual([])
  expect((await verifyStore(other.vault.store)).findings).toEqual([])
})

test('what was fetched so is an entry like any other: kept, found without the remote store, shared on', async () => {
  const other = await openOther()
  await other.restore('of one')
  const elsewhere = { url: pathToFileURL(createSharedFolder()).href }

  await collectGarbage(other.vault.store)
  rmSync(join(other.root, 'out'), { recursive: true })
  const offline = await useCheckout({ ...elsewhere, root: other.root })
  const restored = await offline.restore('of one')
  const saved = await offline.save('shared on')
  const third = await useCheckout(elsewhere)

  expect(restored).toBe('hit')
  expect(offline.outputs()).toEqual(one.outputs())
  expect(saved).toMatchObject({ kind: 'saved', remote: { kind: 'sent' } })
  expect(await third.restore('shared on')).toBe('hit')
  expect(third.outputs()).toEqual(one.outputs())
  expect((await verifyStore(offline.vault.store)).findings).toEqual([])
})

test('an index that is lost is made again from what was fetched so', async () => {
  const other = await openOther()
  await other.restore('of one')
  const { store } = other.vault
  for (const table of ['cache_entries', 'entry_blobs', 'contents', 'blobs'])
    store.database.exec(`DELETE FROM ${table}`)
  rmSync(join(other.root, 'out'), { recursive: true })

  await verifyStore(store, { repair: true })
  const offline = await openOffline(other)

  expect(await offline.restore('of one')).toBe('hit')
  expect(offline.outputs()).toEqual(one.outputs())
  expect((await verifyStore(store)).findings).toEqual([])
})

test('it is enough that a restore has brought the other version here', async () => {
  const third = await useCheckout({ url: bucket.address, env: bucket.env })
  writeVersion(third, 3)
  await third.save('of the third')
  const other = await openReader()
  await other.restore('of the third')
  expect(pulledBytes(other)).toBeGreaterThan(VERSION_BYTES)

  expect(await other.restore('of one')).toBe('hit')

  expect(pulledBytes(other)).toBeLessThan(VERSION_PART_BYTES)
  expect(other.outputs()).toEqual(one.outputs())
})

test('and one that found most of it in place, so that nobody has checked what came', async () => {
  const other = await openUnchecked()

  expect(await other.restore('of one')).toBe('hit')

  expect(pulledBytes(other)).toBeLessThan(VERSION_PART_BYTES)
  expect(other.outputs()).toEqual(one.outputs())
  expect(other.troubles).toEqual([])
  await collectGarbage(other.vault.store)
  expect((await verifyStore(other.vault.store)).findings).toEqual([])
})

test.each([
  ['in part', false],
  ['whole, when what is here is damaged', true],
])('a result in memory is fetched %s', async (_, isDamaged) => {
  const writer = await useCheckout({ url: bucket.address, env: bucket.env })
  await saveResult(writer, 'result', resultOf(1))
  const other = await openReader()
  await saveResult(other, 'another result', resultOf(2))
  if (isDamaged) for (const path of packsOf(other)) flipMiddle(path)

  const found = await other.vault.readResult(TASK, await workOf(other.vault, 'result'))

  expect(found !== undefined && resultOf(1).equals(found)).toBe(true)
  expect(pulledBytes(other) > VERSION_BYTES).toBe(isDamaged)
})

describe('whole packs are fetched', () => {
  test('by an empty store, with no question more than there are blobs', async () => {
    const other = await openReader()
    bucket.ranges.splice(0)
    bucket.requests.splice(0)

    await other.restore('of one')

    expect(bucket.ranges.map((range) => range.split('-')[0])).toEqual(['bytes=0', 'bytes=0'])
    expect(bucket.requests.filter((request) => request.includes('blobs/'))).toHaveLength(2)
    expect(pulledBytes(other)).toBeGreaterThan(VERSION_BYTES)
  })

  test('where too much is missing', async () => {
    const other = await openReader()
    for (let index = 0; index < 21; index += 1)
      other.write(`out/2/${index}`, sampleBytes(250_000, 500 + index))
    await other.save('nothing of that')
    bucket.ranges.splice(0)

    expect(await other.restore('of one')).toBe('hit')

    expect(other.outputs()).toEqual(one.outputs())
    // The index, and then the manifest and the pack.
    expect(bucket.ranges).toHaveLength(3)
    expect(bucket.ranges.filter((range) => range.startsWith('bytes=0-'))).toHaveLength(2)
  })

  test('when a pack that is here turns out to be damaged', async () => {
    const other = await openOther()
    for (const path of packsOf(other)) flipMiddle(path)
    rmSync(join(other.root, 'out'), { recursive: true })

    expect(await other.restore('of one')).toBe('hit')

    expect(other.outputs()).toEqual(one.outputs())
    expect(pulledBytes(other)).toBeGreaterThan(VERSION_BYTES)
  })
})

test('what nobody has checked and turns out to be wrong has the whole packs fetched', async () => {
  const other = await openUnchecked()
  for (const path of packsOf(other)) flipMiddle(path)
  rmSync(join(other.root, 'out'), { recursive: true })

  expect(await other.restore('of one')).toBe('hit')

  expect(other.outputs()).toEqual(one.outputs())
  expect(pulledBytes(other)).toBeGreaterThan(VERSION_BYTES)
  expect((await verifyStore(other.vault.store)).findings).toEqual([])
})

test('what nobody has checked is still nothing that a save refers to', async () => {
  const other = await openUnchecked()
  const { store } = other.vault
  const [pack] = listReceived(store)
  if (pack === undefined) throw new Error('all was checked')

  await other.restore('of one')

  const found = store.database
    .prepare('SELECT 1 FROM contents AS c JOIN blobs AS b ON b.number = c.blob WHERE b.digest = ?')
    .get(digestToBytes(pack))
  expect(found).toBeUndefined()
  expect(listReceived(store)).toContain(pack)
})

type Answer = (request: IncomingMessage, response: ServerResponse) => void

const LIES: readonly (readonly [string, Answer])[] = [
  ['other bytes', (request, response) => answer(response, sampleBytes(lengthOf(request), 99))],
  ['all of it', (_, response) => answer(response, sampleBytes(VERSION_BYTES, 99), {}, 200)],
  [
    'bytes of another place, and says so',
    (request, response) => {
      const bytes = bytesOf(request).subarray(0, lengthOf(request))
      answer(response, bytes, { 'content-range': `bytes 0-${bytes.length - 1}/*` })
    },
  ],
  ['fewer bytes', (_, response) => answer(response, sampleBytes(10))],
  ['that there is no such range', (_, response) => answer(response, Buffer.alloc(0), {}, 416)],
  ['that it is gone', (_, response) => answer(response, Buffer.alloc(0), {}, 404)],
  ['a refusal', (_, response) => answer(response, Buffer.alloc(0), {}, 403)],
]

describe('a bucket that answers', () => {
  test.each([
    ...LIES.map(
      ([lie, answerSo]) => ['for what is missing', lie, isFrameRequest, answerSo] as const,
    ),
    ...LIES.slice(0, 2).map(
      ([lie, answerSo]) => ['for an index', lie, isIndexRequest, answerSo] as const,
    ),
  ])(
    'when it is asked %s with %s is asked for the whole',
    async (_what, _lie, isMeant, answerSo) => {
      const other = await openOther()
      bucket.interfere(answerSo, isMeant)

      const restored = await other.restore('of one')

      expect(restored).toBe('hit')
      expect(other.outputs()).toEqual(one.outputs())
      expect(pulledBytes(other)).toBeGreaterThan(VERSION_BYTES)
      expect(other.troubles).toEqual([])
      // It was noticed before anything was made of it.
      expect(other.audit()).not.toContain('QUARANTINE')
      expect((await verifyStore(other.vault.store)).findings).toEqual([])
    },
  )

  test('and breaks off is asked for the rest', async () => {
    const other = await openOther()
    bucket.interfere((request, response) => {
      const { start, end } = rangeOf(request)
      const part = bytesOf(request).subarray(start, end)
      response.writeHead(206, { 'content-length': part.length })
      response.write(part.subarray(0, 1_000), () => response.destroy())
    }, isFrameRequest)

    const restored = await other.restore('of one')

    expect(restored).toBe('hit')
    expect(other.outputs()).toEqual(one.outputs())
    expect(pulledBytes(other)).toBeLessThan(VERSION_PART_BYTES)
  })
})

test('a part that proves wrong leaves nothing open', async () => {
  const share = createSharedFolder()
  const writer = await useSharing(share)
  writeVersion(writer, 1)
  await writer.save('of one')
  for (const pack of listLarge(share)) spoilFrames(pack)
  const other = await useCheckout({ url: pathToFileURL(share).href, remote: { mode: 'read' } })
  writeVersion(other, 2)
  await other.save('of the other')

  expect(await other.restore('of one')).toMatchObject({ kind: 'miss' })

  expect(listOpenFiles(share)).toEqual([])
})

test('contents that nobody had verified would be found to be wrong too late (control)', async () => {
  const other = await openOther()
  const { store } = other.vault
  using kept = createReceivedContents(store, TASK)
  await kept.add(store.algorithm.hash(Buffer.from('right')), Buffer.from('wrong'))
  await kept.finish()

  const { findings } = await verifyStore(store)

  expect(findings).toMatchObject([{ kind: 'blob-corrupt' }])
})

/** A machine that has saved a version of its own, and knows nothing of the one in the bucket. */
async function openOther(): Promise<Checkout> {
  const other = await openReader()
  writeVersion(other, 2)
  await other.save('of the other')
  return other
}

/** One that has saved nothing, and has restored a version into a tree that was nearly the same already. */
async function openUnchecked(): Promise<Checkout> {
  const third = await useCheckout({ url: bucket.address, env: bucket.env })
  writeVersion(third, 4)
  await third.save('of the fourth')
  const other = await openReader()
  writeVersion(other, 5)
  await other.restore('of the fourth')
  expect(pulledBytes(other)).toBeGreaterThan(VERSION_BYTES)
  return other
}

async function openReader(): Promise<Checkout> {
  const { address: url, env } = bucket
  return await useCheckout({ url, env, remote: { mode: 'read' } })
}

async function saveResult({ vault }: Checkout, input: string, outputs: Buffer): Promise<void> {
  const work = await workOf(vault, input)
  const done = { exitCode: 0, durationMs: 1, origin: {}, policy: SAMPLE_POLICY }
  await vault.save({ task: TASK, work, outputs, ...done })
}

/** Most of it is in every version. */
function resultOf(version: number): Buffer {
  return Buffer.concat([sampleBytes(10_000, version), sampleBytes(VERSION_BYTES, 20)])
}

/** As if there were no bucket any more. */
async function openOffline({ root }: Checkout): Promise<Checkout> {
  return await useCheckout({ url: pathToFileURL(createSharedFolder()).href, root })
}

function packsOf({ root }: Checkout): readonly string[] {
  const directory = join(root, 'cache', 'blobs')
  return readdirSync(directory).map((name) => join(directory, name))
}

function listLarge(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile() && statSync(path).size > 100_000)
}

/** All but the last tenth, where the index is. */
function spoilFrames(path: string): void {
  const bytes = readFileSync(path)
  for (let at = 1_000; at < bytes.length * 0.9; at += 1_000)
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  writeFileSync(path, bytes)
}

function flipMiddle(path: string): void {
  const bytes = readFileSync(path)
  const at = Math.floor(bytes.length / 2)
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  writeFileSync(path, bytes)
}

/** Of the object that is asked for. */
function bytesOf({ url = '' }: IncomingMessage): Buffer {
  const [, key = ''] = url.split(/^\/vault-tests\/|\?/)
  return bucket.objects.get(key) ?? Buffer.alloc(0)
}

function rangeOf({ headers }: IncomingMessage): { readonly start: number; readonly end: number } {
  const [, start, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? []
  return { start: Number(start), end: Number(last) + 1 }
}

function lengthOf(request: IncomingMessage): number {
  const { start, end } = rangeOf(request)
  return end - start
}

function isIndexRequest(request: IncomingMessage): boolean {
  return rangeOf(request).start > 0 && isEnd(request)
}

/** For files, which are not compressed: only their digests tell that they are wrong. */
function isFrameRequest(request: IncomingMessage): boolean {
  return rangeOf(request).start > 0 && !isEnd(request) && lengthOf(request) > 100_000
}

function isEnd(request: IncomingMessage): boolean {
  const { end } = rangeOf(request)
  return bucket.objects.values().some((object) => object.length === end)
}

function answer(
  response: ServerResponse,
  bytes: Buffer,
  headers: Readonly<Record<string, string>> = {},
  status = 206,
): void {
  response.writeHead(status, { 'content-length': bytes.length, ...headers }).end(bytes)
}
