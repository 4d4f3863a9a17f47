import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { isTaskVaultError } from '../../errors.ts'
import { encodeRecordForSigning } from '../../model/entry-record.ts'
import type { EntryRecord } from '../../model/entry-record.ts'
import { describeBlobStore } from '../../testing/describe-blob-store.ts'
import { describeEntryStore } from '../../testing/describe-entry-store.ts'
import { createMemoryObjectStore } from '../../testing/memory-object-store.ts'
import {
  readAll,
  sampleBlob,
  sampleBytes,
  sampleDraft,
  sampleKey,
} from '../../testing/sample-blobs.ts'
import type { BlobStore } from '../blob-store.ts'
import { unavailable, RetryLater } from '../failures.ts'
import { parsePublicKeys } from '../http/record-signatures.ts'
import { createObjectBlobStore } from '../objects/object-blob-store.ts'
import { createObjectEntryStore } from '../objects/object-entry-store.ts'
import type { RemoteStores } from '../remote-stores.ts'
import { givingUp } from './giving-up.ts'
import { limited } from './limited.ts'
import { createPatience } from './patience.ts'
import type { Patience } from './patience.ts'
import { readOnly } from './read-only.ts'
import { retrying } from './retrying.ts'
import { verified } from './verified.ts'

/* Wrapped stores keep the contract; what each wrapper adds is below. */
describeBlobStore('behind all wrappers', async () => wrapped(inMemory()).blobs)
describeEntryStore('behind all wrappers', async () => wrapped(inMemory()))

function wrapped(stores: RemoteStores): RemoteStores {
  return givingUp(retrying(limited(stores, 3)), createPatience({ limitMs: 5_000 }))
}

describe('retrying', () => {
  test('repeats what may work later, and nothing else', async () => {
    const stores = inMemory()
    const { name } = await sampleBlob(10)
    let calls = 0
    const failing = (error: Error): BlobStore => ({
      ...stores.blobs,
      findMissing: async () => {
        calls += 1
        throw error
      },
    })
    const quick = { attempts: 3, firstWaitMs: 1 }

    for (const [error, expected] of [
      [unavailable('down'), 3],
      [unavailable('busy', new RetryLater(1)), 3],
      [unavailable('away for long', new RetryLater(60_000)), 1],
      [Object.assign(new Error('a bug'), { code: 'ERR_BUG' }), 1],
    ] as const) {
      calls = 0
      const { blobs } = retrying({ ...stores, blobs: failing(error) }, quick)
      await expect(blobs.findMissing([name])).rejects.toBe(error)
      expect(calls).toBe(expected)
    }
  })

  test('waits longer each time, and never exactly as long as others do', async () => {
    const waits: number[] = []
    const stores = inMemory()
    const { blobs } = retrying(
      { ...stores, blobs: { ...stores.blobs, findMissing: down } },
      {
        attempts: 4,
        firstWaitMs: 10,
        random: () => {
          waits.push(performance.now())
          return 1
        },
      },
    )

    await blobs.findMissing([]).catch(() => {})

    const pauses = waits.slice(1).map((at, index) => at - (waits[index] ?? 0))
    expect(pauses[0]).toBeGreaterThan(8)
    expect(pauses[1]).toBeGreaterThan(17)
  })

  test('goes on where a transfer was cut, and not for ever', async () => {
    const stores = inMemory()
    const blob = await sampleBlob(1_000_000)
    await stores.blobs.put(blob)
    const range = { start: 0, end: 1_000_000 }
    const asked: number[] = []
    const cutEvery = (bytes: number): RemoteStores => ({
      ...stores,
      blobs: {
        ...stores.blobs,
        async get(name, options) {
          asked.push(options?.range?.start ?? 0)
          const stream = await stores.blobs.get(name, options)
          return stream && cutAfter(stream, bytes)
        },
      },
    })

    const resumed = await retrying(cutEvery(200_000), QUICK).blobs.get(blob.name, { range })
    const bytes = await readAll(resumed)
    const hopeless = await retrying(cutEvery(10), QUICK).blobs.get(blob.name, { range })

    expect(bytes.equals(blob.bytes)).toBe(true)
    expect(asked.slice(0, 5)).toEqual([0, 200_000, 400_000, 600_000, 800_000])
    await expect(readAll(hopeless)).rejects.toMatchObject({ code: 'REMOTE_UNAVAILABLE' })
  })

  test('tells a blob that went while it was fetched from a store that went', async () => {
    const stores = inMemory()
    const blob = await sampleBlob(100_000)
    await stores.blobs.put(blob)
    let times = 0
    async function get(...question: Parameters<BlobStore['get']>) {
      const stream = times === 0 ? await stores.blobs.get(...question) : undefined
      times += 1
      return stream && cutAfter(stream, 50_000)
    }
    const { blobs } = retrying({ ...stores, blobs: { ...stores.blobs, get } }, QUICK)

    const stream = await blobs.get(blob.name, { range: { start: 0, end: 100_000 } })

    await expect(readAll(stream)).rejects.toMatchObject({ code: 'BLOB_MISSING' })
  })
})

describe('limiting', () => {
  test('lets so many calls run, streams included, and gives all turns back', async () => {
    const stores = inMemory()
    let [running, most] = [0, 0]
    const counting: RemoteStores = {
      ...stores,
      blobs: {
        ...stores.blobs,
        async findMissing(names) {
          most = Math.max(most, (running += 1))
          await new Promise((resolve) => setTimeout(resolve, 2))
          running -= 1
          if (names.length === 0) throw unavailable('down')
          return names
        },
      },
    }
    const blob = await sampleBlob(1_000)
    await stores.blobs.put(blob)
    const { blobs } = limited(counting, 3)

    const held = await blobs.get(blob.name)
    const outcomes = await Promise.allSettled(
      Array.from(
        { length: 20 },
        async (_, index) => await blobs.findMissing(index % 2 === 0 ? [] : [blob.name]),
      ),
    )
    expect(most).toBe(2)
    await readAll(held)
    most = 0
    await Promise.all(Array.from({ length: 20 }, async () => await blobs.findMissing([blob.name])))

    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(10)
    expect(most).toBe(3)
  })
})

describe('giving up', () => {
  test('ends what waits for nothing, and everything afterwards', async () => {
    const patience = createPatience({ limitMs: 120 })
    const stores = givingUp({ ...inMemory(), blobs: silent() }, patience)
    const { name } = await sampleBlob(10)
    const startedAt = performance.now()

    const first = stores.blobs.findMissing([name])

    await expect(first).rejects.toMatchObject({ code: 'REMOTE_UNAVAILABLE' })
    expect(performance.now() - startedAt).toBeLessThan(20_000)
    expect(patience.signal.aborted).toBe(true)
    await expect(stores.entries.list({ limit: 1 })).rejects.toMatchObject({
      code: 'REMOTE_UNAVAILABLE',
    })
  })

  test('counts pauses together, and forgives those that all networks have', async () => {
    let nowMs = 0
    const patience = createPatience({ limitMs: 4_000, now: () => nowMs })
    const pause = async (ms: number): Promise<void> =>
      await patience.during(async () => void (nowMs += ms))

    for (let round = 0; round < 100; round += 1) await pause(400)
    expect(patience.signal.aborted).toBe(false)
    for (let round = 0; round < 3; round += 1) await pause(1_200)
    expect(patience.signal.aborted).toBe(false)

    const last = patience.during(async () => {
      nowMs += 500
      await new Promise((resolve) => setTimeout(resolve, 300))
    })

    await expect(last).rejects.toMatchObject({ code: 'REMOTE_UNAVAILABLE' })
  })

  test('does not count what this process is busy with meanwhile', async () => {
    const patience = createPatience({ limitMs: 1_000 })

    await patience.during(async () => {
      for (let round = 0; round < 3; round += 1) {
        const until = performance.now() + 600
        while (performance.now() < until);
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
    })

    expect(patience.signal.aborted).toBe(false)
  })

  test('a transfer that gets on is no trouble, however long it takes', async () => {
    let nowMs = 0
    const patience = createPatience({ limitMs: 1_000, now: () => nowMs })

    await patience.during(async () => await move(patience, 20_000))

    expect(patience.signal.aborted).toBe(false)

    async function move({ moved }: Patience, bytes: number): Promise<void> {
      for (let second = 0; second < 100; second += 1) {
        nowMs += 450
        moved(bytes)
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
    }
  })

  test('one that barely moves is (control of the one above)', async () => {
    let nowMs = 0
    const patience = createPatience({ limitMs: 1_000, now: () => nowMs })

    const moving = patience.during(async () => {
      for (let second = 0; second < 100; second += 1) {
        nowMs += 450
        patience.moved(100)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    })

    await expect(moving).rejects.toMatchObject({ code: 'REMOTE_UNAVAILABLE' })
  })
})

describe('a blob whose bytes come', () => {
  test.each([
    ['a few at a time is given up', 10],
    ['in larger pieces is not (control)', 16 * 1024],
  ])('%s', async (_, pieceBytes) => {
    const patience = createPatience({ limitMs: 600 })
    async function* slow(): AsyncGenerator<Uint8Array> {
      for (let piece = 0; piece < 150; piece += 1) {
        yield sampleBytes(pieceBytes)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    }
    const stores = inMemory()
    const trickling = { ...stores, blobs: { ...stores.blobs, get: async () => slow() } }
    const { name } = await sampleBlob(10)

    const reading = readAll(await givingUp(trickling, patience).blobs.get(name))
    const outcome = await reading.then(
      () => 'read',
      (error: unknown) => (isTaskVaultError(error) ? error.code : error),
    )

    expect(outcome).toBe(pieceBytes > 10 ? 'read' : 'REMOTE_UNAVAILABLE')
  })

  test.each([
    ['a few at a time is not checked', 10],
    ['in larger pieces is (control)', 16 * 1024],
  ])('%s', async (_, pieceBytes) => {
    const patience = createPatience({ limitMs: 600 })
    const objects = createMemoryObjectStore()
    async function* slow(): AsyncGenerator<Uint8Array> {
      for (let piece = 0; piece < 150; piece += 1) {
        yield Buffer.alloc(pieceBytes)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    }
    const blobs = createObjectBlobStore({ ...objects, get: async () => slow() })
    const { name } = await sampleBlob(10)

    const checking = givingUp({ ...inMemory(), blobs }, patience).blobs.check({
      name,
      sizeBytes: 150 * pieceBytes,
    })
    const outcome = await checking.then(
      () => 'checked',
      (error: unknown) => (isTaskVaultError(error) ? error.code : error),
    )

    expect(outcome).toBe(pieceBytes > 10 ? 'checked' : 'REMOTE_UNAVAILABLE')
  })
})

describe('reading only', () => {
  test('says so instead of writing', async () => {
    const stores = inMemory()
    const { blobs, entries } = readOnly(stores)
    const [blob, standing] = [await sampleBlob(10), await sampleBlob(20)]
    await stores.blobs.put(standing)
    const draft = await sampleDraft(stores.blobs)

    expect(await blobs.put(blob)).toBe('skipped')
    expect(await blobs.findMissing([blob.name])).toEqual([blob.name])
    // Of another size than it has: whoever may write would have it removed.
    await blobs.check({ ...standing, sizeBytes: 10 })
    expect(await blobs.findMissing([standing.name])).toEqual([])
    expect((await entries.publish(draft)).kind).toBe('skipped')
    expect(await entries.find(draft.task, draft.key)).toBeUndefined()
  })
})

describe('verifying', () => {
  test.each([
    ['other bytes', sampleBytes(1_000, 5)],
    ['too few', sampleBytes(999)],
    ['too many', sampleBytes(1_001)],
  ])('passes no complete copy of %s on', async (_, bytes) => {
    const stores = inMemory()
    const { name } = await sampleBlob(1_000)
    const lying: RemoteStores = {
      ...stores,
      blobs: { ...stores.blobs, get: async () => streamOf(bytes) },
    }
    const received: Uint8Array[] = []

    const { blobs } = verified(lying, { keys: undefined })
    const reading = (async () => {
      for await (const piece of (await blobs.get(name, { range: WHOLE })) ?? [])
        received.push(piece)
    })()

    await expect(reading).rejects.toMatchObject({ code: 'BLOB_CORRUPT' })
    expect(Buffer.concat(received).length).toBeLessThan(bytes.length)
    // Control: unverified, all of it comes through.
    expect(await readAll(await lying.blobs.get(name, { range: WHOLE }))).toEqual(bytes)
  })

  test('takes no record of another task or key for an answer', async () => {
    const stores = inMemory()
    const draft = await sampleDraft(stores.blobs)
    const published = await stores.entries.publish(draft)
    if (published.kind !== 'published') throw new Error('it was not published')
    const find = async (): Promise<EntryRecord> => published.record
    const { entries } = verified(
      { ...stores, entries: { ...stores.entries, find } },
      { keys: undefined },
    )

    expect(await entries.find(draft.task, draft.key)).toEqual(published.record)
    await expect(entries.find(draft.task, await sampleKey())).rejects.toMatchObject({
      code: 'REMOTE_INVALID',
    })
  })

  test('believes the pinned keys, whatever else is changed', async () => {
    const stores = inMemory()
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const keys = parsePublicKeys([String(publicKey.export({ format: 'jwk' }).x)])
    const published = await stores.entries.publish(await sampleDraft(stores.blobs))
    if (published.kind !== 'published') throw new Error('it was not published')
    const { record } = published
    const value = sign(undefined, encodeRecordForSigning(record), privateKey).toString('base64url')
    const signed: EntryRecord = { ...record, signature: { keyId: 'k', value } }
    const changes: readonly Partial<EntryRecord>[] = [
      { signature: undefined },
      { signature: { keyId: 'k', value: 'AAAA' } },
      { scope: 'github:1/protected:refs/heads/main' },
      { manifest: { ...record.manifest, sizeBytes: 1 } },
      { packs: [] },
      { restored: ['another'] },
      { expiresAtMs: 9e15 },
      { exitCode: 1 },
    ]

    expect(keys.hasSigned(signed)).toBe(true)
    for (const change of changes) expect(keys.hasSigned({ ...signed, ...change })).toBe(false)
  })
})

const QUICK = { attempts: 3, firstWaitMs: 1 }
const WHOLE = { start: 0, end: 1_000 }

function inMemory(): RemoteStores {
  const objects = createMemoryObjectStore()
  const blobs = createObjectBlobStore(objects)
  return { blobs, entries: createObjectEntryStore({ objects, blobs }) }
}

async function down(): Promise<never> {
  throw unavailable('down')
}

/** Never answers, and cannot be aborted: a network file system that hangs. */
function silent(): BlobStore {
  return { findMissing: forever, put: forever, get: forever, check: forever }
}

async function forever(): Promise<never> {
  return await new Promise<never>(() => {})
}

async function* streamOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 300) yield bytes.subarray(at, at + 300)
}

async function* cutAfter(
  stream: AsyncIterable<Uint8Array>,
  bytes: number,
): AsyncGenerator<Uint8Array> {
  let left = bytes
  for await (const piece of stream) {
    yield piece.subarray(0, left)
    left -= piece.length
    if (left <= 0) throw unavailable('cut')
  }
}
