import { existsSync, readdirSync, readlinkSync, rmSync, statSync, symlinkSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pause } from '../files/pause.ts'
import { STAGING_PREFIX } from '../files/scanning/observe-directory.ts'
import { verifyStore } from '../store/repair/verify-store.ts'
import { openCheckout } from '../testing/checkout.ts'
import type { Checkout, CheckoutOptions } from '../testing/checkout.ts'
import { listOpenFiles } from '../testing/list-open-files.ts'
import { sampleBytes } from '../testing/sample-blobs.ts'
import { startStrictS3Server } from '../testing/strict-s3-server.ts'
import type { StrictS3Server } from '../testing/strict-s3-server.ts'
import { pulledBytes } from '../testing/two-versions.ts'
import { useCheckout } from '../testing/use-checkout.ts'

/*
 * A result of two packs and more is in a bucket, whence a machine that has nothing restores it over a socket,
 * while the test decides when which pack comes.
 */

const FILE_BYTES = 250_000
const FILES = 130
const PACK_BYTES = 16 * 1024 ** 2

let bucket: StrictS3Server
let one: Checkout

beforeAll(async () => {
  bucket = await startStrictS3Server()
  one = await openCheckout({ url: bucket.address, env: bucket.env })
  for (let index = 0; index < FILES; index += 1)
    one.write(`out/${index % 7}/deep/${index}`, sampleBytes(FILE_BYTES, index))
  one.write('out/large', sampleBytes(5_000_000, 999))
  one.write('out/empty', '')
  symlinkSync('large', join(one.root, 'out/link'))
  await one.save('large')
}, 60_000)
afterAll(async () => {
  await one[Symbol.asyncDispose]()
  await bucket[Symbol.asyncDispose]()
})

test('files are made while packs are on their way', async () => {
  const other = await openReader()
  const held = holdNext(isWholePack)

  const restoring = other.restore('large')
  const answerHeld = await held
  const madeBefore = await waitForStaged(other, 10)
  const placedBefore = existsSync(join(other.root, 'out'))
  answerHeld()

  expect(await restoring).toBe('hit')
  expect(madeBefore.length).toBeGreaterThanOrEqual(10)
  expect(listFiles(join(other.root, 'out'))).toEqual(expect.arrayContaining([...madeBefore]))
  expect(placedBefore).toBe(false)
  expect(other.outputs()).toEqual(one.outputs())
  expect(readlinkSync(join(other.root, 'out/link'))).toBe('large')
  expect(other.troubles).toEqual([])
  expectNothingLeft(other)
  expect((await verifyStore(other.vault.store)).findings).toEqual([])
})

test('files are made of an entry that shares packs with one that is here', async () => {
  const writer = await useCheckout({ url: bucket.address, env: bucket.env })
  await writer.restore('large')
  for (let index = 0; index < 2 * FILES; index += 1)
    writer.write(`out/more/${index}`, sampleBytes(FILE_BYTES, 2_000 + index))
  await writer.save('larger')
  const other = await openReader()
  await other.restore('large')
  rmSync(join(other.root, 'out'), { recursive: true })
  const held = holdNext(isWholePack)

  const restoring = other.restore('larger')
  const answerHeld = await held
  const madeBefore = await waitForStaged(other, FILES)
  answerHeld()

  expect(await restoring).toBe('hit')
  expect(madeBefore.length).toBeGreaterThanOrEqual(FILES)
  expect(listFiles(join(other.root, 'out'))).toEqual(expect.arrayContaining([...madeBefore]))
  expect(other.outputs()).toEqual(writer.outputs())
})

test('what comes after it is as after any restore: a hit from this machine, and a save of nothing', async () => {
  const other = await useCheckout({ url: bucket.address, env: bucket.env })
  await other.restore('large')

  const again = await other.save('the same by another name')
  rmSync(join(other.root, 'out'), { recursive: true })
  const restored = await other.restore('large')

  expect(again).toMatchObject({ kind: 'saved', fileCount: FILES + 3 })
  expect(again.kind === 'saved' && again.storedBytes).toBeLessThan(10_000)
  expect(restored).toBe('hit')
  expect(other.outputs()).toEqual(one.outputs())
  expect((await verifyStore(other.vault.store)).findings).toEqual([])
})

test('what is in no index any more when all is here is read by the save that follows', async () => {
  const other = await useCheckout({
    url: bucket.address,
    env: bucket.env,
    onEvent(event) {
      if (event.kind !== 'progress' || event.phase !== 'restoring') return
      if (event.done === 0) losePacks(other)
      // What has just been made when it is put in its place is read in any case.
      else pause(50)
    },
  })
  await other.restore('large')

  const again = await other.save('the same by another name')
  rmSync(join(other.root, 'out'), { recursive: true })
  const restored = await other.restore('the same by another name')

  expect(again.kind === 'saved' && again.storedBytes).toBeGreaterThan(2 * PACK_BYTES)
  expect(restored).toBe('hit')
  expect(other.outputs()).toEqual(one.outputs())
})

test('what has appeared in the place of an output meanwhile is compared, as ever', async () => {
  const other = await openReader()
  const held = holdNext(isWholePack)

  const restoring = other.restore('large')
  const answerHeld = await held
  await waitForStaged(other, 10)
  other.write('out/not wanted', 'somebody was faster')
  answerHeld()

  expect(await restoring).toBe('hit')
  expect(other.outputs()).toEqual(one.outputs())
  expectNothingLeft(other)
})

test('directories that are described in the middle of a pack are asked for', async () => {
  const writer = await useCheckout({ url: bucket.address, env: bucket.env })
  // More text than one frame has room for, in a few bytes of files.
  for (let index = 0; index < 5_000; index += 1)
    writer.write(`out/${index % 40}/${String(index).padStart(220, 'name ')}`, `${index % 10}`)
  for (let index = 0; index < 150; index += 1)
    writer.write(`out/z/${index}`, sampleBytes(FILE_BYTES, 500 + index))
  await writer.save('long names')
  const other = await openReader()
  bucket.ranges.splice(0)
  const held = holdNext(isWholePack)

  const restoring = other.restore('long names')
  const answerHeld = await held
  const madeBefore = await waitForStaged(other, 10)
  answerHeld()

  expect(await restoring).toBe('hit')
  expect(madeBefore.length).toBeGreaterThanOrEqual(10)
  expect(other.outputs()).toEqual(writer.outputs())
  const asked = bucket.ranges.filter(isMiddle)
  expect(asked).not.toEqual([])
  // Each once, however many directories it describes.
  expect(asked).toHaveLength(new Set(asked).size)
})

describe('a pack that', () => {
  test.each([
    ['holds other bytes', 200],
    ['is refused', 403],
    ['is gone', 404],
  ])('%s is a miss, and leaves nothing behind', async (_what, status) => {
    const other = await openReader()
    bucket.interfere((request, response) => {
      const { key, start, end } = partOf(request)
      const bytes = Buffer.from((bucket.objects.get(key) ?? Buffer.alloc(0)).subarray(start, end))
      bytes.writeUInt8(bytes.readUInt8(bytes.length - 100) ^ 1, bytes.length - 100)
      if (status === 200) response.writeHead(206, { 'content-length': bytes.length }).end(bytes)
      else response.writeHead(status).end()
    }, isWholePack)

    const restored = await other.restore('large')

    expect(restored).toMatchObject({ kind: 'miss' })
    expect(existsSync(join(other.root, 'out'))).toBe(false)
    expectNothingLeft(other)
  })

  test('nobody can ask for, because the manifest is refused, is a miss as well', async () => {
    const other = await openReader()
    bucket.interfere(
      (_request, response) => void response.writeHead(403).end(),
      (request) => partOf(request).start === 0,
    )

    expect(await other.restore('large')).toMatchObject({ kind: 'miss' })

    expect(existsSync(join(other.root, 'out'))).toBe(false)
    expectNothingLeft(other)
  })

  test('breaks off is fetched on from there', async () => {
    const other = await openReader()
    bucket.interfere((request, response) => {
      const { key, start, end } = partOf(request)
      const bytes = (bucket.objects.get(key) ?? Buffer.alloc(0)).subarray(start, end)
      response.writeHead(206, { 'content-length': bytes.length })
      response.write(bytes.subarray(0, 3_000_000), () => response.destroy())
    }, isWholePack)

    expect(await other.restore('large')).toBe('hit')

    expect(other.outputs()).toEqual(one.outputs())
  })
})

test('a vault that is closed meanwhile leaves nothing of it, and goes on with the remote store next time', async () => {
  const other = await openReader()
  const held = holdNext(isWholePack)
  const restoring = other.restore('large')
  await held
  const madeBefore = await waitForStaged(other, 10)

  await other.vault[Symbol.asyncDispose]()

  expect(madeBefore.length).toBeGreaterThanOrEqual(10)
  expectNothingLeft(other)
  expect(await restoring).toMatchObject({ kind: 'miss' })
  expect(existsSync(join(other.root, 'out'))).toBe(false)
  const notes = readdirSync(join(other.root, 'cache')).filter((name) => name.startsWith('remote-'))
  expect(notes).toEqual([])
})

describe('nothing is made before all is here', () => {
  test.each([
    ['is refused', 403],
    ['is answered with other bytes', 206],
  ])('when the question for an index %s', async (_what, status) => {
    const other = await openReader()
    bucket.interfere((request, response) => {
      const { start, end } = partOf(request)
      response.writeHead(status).end(status === 206 ? sampleBytes(end - start, 7) : '')
    }, isEnd)

    expect(await other.restore('large')).toBe('hit')

    expect(other.outputs()).toEqual(one.outputs())
    expect(other.troubles).toEqual([])
    expectNothingLeft(other)
  })

  test('where an output is there', async () => {
    const other = await openReader()
    other.write('out/0/deep/0', 'another content')
    const held = holdNext(isWholePack)

    const restoring = other.restore('large')
    const answerHeld = await held
    const made = await waitForStaged(other, 1, 300)
    answerHeld()

    expect(await restoring).toBe('hit')
    expect(made).toEqual([])
    expect(other.outputs()).toEqual(one.outputs())
  })
})

test('no pack is open twice when all of them are here', async () => {
  const mostOpen: number[] = []
  const other = await openReader((event) => {
    if (event.kind === 'progress' && event.phase === 'restoring' && event.done > 0)
      mostOpen.push(listOpenFiles(join(other.root, 'cache', 'blobs')).length)
  })

  await other.restore('large')

  const blobs = readdirSync(join(other.root, 'cache', 'blobs'))
  expect(mostOpen).toEqual([blobs.length])
})

test('the bytes of the questions are told with the others', async () => {
  const other = await openReader()
  bucket.ranges.splice(0)

  await other.restore('large')

  const asked = bucket.ranges.map(lengthOfRange).reduce((sum, bytes) => sum + bytes, 0)
  expect(asked).toBeGreaterThan(2 * PACK_BYTES)
  expect(bucket.ranges.filter(isMiddle)).toEqual([])
  expect(pulledBytes(other)).toBe(asked)
})

async function openReader(onEvent: CheckoutOptions['onEvent'] = () => {}): Promise<Checkout> {
  const { address: url, env } = bucket
  return await useCheckout({ url, env, remote: { mode: 'read' }, onEvent })
}

/** As another process does that removes the entry; its files are still open. */
function losePacks({ vault }: Checkout): void {
  vault.store.database.exec(`DELETE FROM entry_blobs; DELETE FROM blobs WHERE size > ${FILE_BYTES}`)
}

/** Has the next such request wait. @returns what answers it, when it has come. */
async function holdNext(isMeant: (request: IncomingMessage) => boolean): Promise<() => void> {
  const { promise, resolve } = Promise.withResolvers<() => void>()
  bucket.interfere((request, response) => resolve(() => answerPart(request, response)), isMeant)
  return await promise
}

function answerPart(request: IncomingMessage, response: ServerResponse): void {
  const { key, start, end } = partOf(request)
  const bytes = (bucket.objects.get(key) ?? Buffer.alloc(0)).subarray(start, end)
  response.writeHead(206, { 'content-length': bytes.length }).end(bytes)
}

interface Part {
  readonly key: string
  readonly start: number
  readonly end: number
  /** Of all of it. */
  readonly sizeBytes: number
}

function partOf({ url = '', headers }: IncomingMessage): Part {
  const [, key = ''] = url.split(/^\/vault-tests\/|\?/)
  const [, start, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? []
  const sizeBytes = bucket.objects.get(key)?.length ?? 0
  return { key, start: Number(start), end: Number(last) + 1, sizeBytes }
}

function isWholePack(request: IncomingMessage): boolean {
  const { start, end, sizeBytes } = partOf(request)
  return start === 0 && end === sizeBytes && sizeBytes >= PACK_BYTES
}

function isEnd(request: IncomingMessage): boolean {
  const { start, end, sizeBytes } = partOf(request)
  return start > 0 && end === sizeBytes
}

/** Neither from a pack's start nor, as its length says, its end. */
function isMiddle(range: string): boolean {
  return !range.startsWith('bytes=0-') && !isEndRange(range)
}

function isEndRange(range: string): boolean {
  return bucket.objects.values().some(({ length }) => range.endsWith(`-${length - 1}`))
}

function lengthOfRange(range: string): number {
  const [, start, last] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? []
  return Number(last) + 1 - Number(start)
}

/** @returns the files that are staged beside the outputs, as soon as there are so many, or after a while. */
async function waitForStaged(
  { root }: Checkout,
  count: number,
  ms = 5_000,
): Promise<readonly number[]> {
  const until = performance.now() + ms
  for (;;) {
    const staged = readdirSync(root)
      .filter((name) => name.startsWith(STAGING_PREFIX))
      .flatMap((name) => listFiles(join(root, name)))
    if (staged.length >= count || performance.now() > until) return staged
    await delay(20)
  }
}

/** The numbers that the file system has for the files below a directory: a file that is moved keeps its own. */
function listFiles(directory: string): readonly number[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((item) => item.isFile())
    .map((item) => statSync(join(item.parentPath, item.name)).ino)
}

function expectNothingLeft({ root }: Checkout): void {
  expect(readdirSync(root).filter((name) => name.startsWith(STAGING_PREFIX))).toEqual([])
  const blobs = join(root, 'cache', 'blobs')
  expect(readdirSync(blobs).filter((name) => name.startsWith('.tmp-'))).toEqual([])
  expect(listOpenFiles(blobs)).toEqual([])
}
