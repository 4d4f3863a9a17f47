import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { digestFromBytes } from '../../model/digest.ts'
import { createObjectBlobStore } from '../../remote/objects/object-blob-store.ts'
import { createObjectEntryStore } from '../../remote/objects/object-entry-store.ts'
import type { RemoteStores } from '../../remote/remote-stores.ts'
import { readOnly } from '../../remote/wrappers/read-only.ts'
import { TASK, workOf } from '../../testing/checkout.ts'
import type { Checkout } from '../../testing/checkout.ts'
import { startFaultyProxy } from '../../testing/faulty-proxy.ts'
import { createMemoryObjectStore } from '../../testing/memory-object-store.ts'
import { sampleBytes } from '../../testing/sample-blobs.ts'
import { SAMPLE_POLICY } from '../../testing/sample-settings.ts'
import { startStrictS3Server } from '../../testing/strict-s3-server.ts'
import { createSharedFolder, useCheckout, useSharing } from '../../testing/use-checkout.ts'
import type { SaveRequest, SavedEntry, SkippedSave } from '../vault.ts'
import type { RemoteVault } from './remote-vault.ts'
import { createSendAhead } from './send-ahead.ts'

const MIB = 1024 ** 2
/** Of a pack that is full: smaller blobs are sent when the save is done. */
const FULL_BYTES = 15 * MIB

test('the first pack of a large result is there before the last of it is made', async () => {
  const share = createSharedFolder()
  const checkout = await useSharing(share)
  let sawPacks = 0
  async function* result(): AsyncGenerator<Uint8Array> {
    yield* noise(40)
    sawPacks = await waitForPacks(share)
    yield* noise(1, 99)
  }

  const saved = await save(checkout, result())

  expect(sawPacks).toBeGreaterThan(0)
  expect(saved).toMatchObject({ kind: 'saved', remote: { kind: 'sent' } })
  expect(saved.kind === 'saved' && saved.remote?.sentBytes).toBe(sizesOf(share).reduce(sum))
  expect(checkout.troubles).toEqual([])
  const restored = await (await useSharing(share)).vault.readResult(TASK, await key(checkout))
  expect(Buffer.from(restored ?? []).equals(Buffer.concat([...noise(40), ...noise(1, 99)]))).toBe(
    true,
  )
})

test('nothing is sent of what another one has saved under the same key', async () => {
  const share = createSharedFolder()
  const [one, other] = [await useSharing(share), await useSharing(share)]
  await save(one, piecesOf(noise(1)))
  const before = sizesOf(share)

  const saved = await save(other, piecesOf(noise(40, 7)))

  expect(saved).toMatchObject({ kind: 'saved', remote: { kind: 'known', sentBytes: 0 } })
  expect(sizesOf(share)).toEqual(before)
})

test('nothing is sent to a remote store for reading', async () => {
  const share = createSharedFolder()
  const url = pathToFileURL(share).href
  const checkout = await useCheckout({ url, remote: { mode: 'read' } })

  const saved = await save(checkout, piecesOf(noise(40)))

  expect(saved).toMatchObject({ remote: { kind: 'skipped', sentBytes: 0 } })
  expect(sizesOf(share)).toEqual([])
})

test('nothing more is asked or sent once the remote store takes no blobs', async () => {
  const checkout = await useSharing(createSharedFolder())
  const { vault } = checkout
  const { remote, calls } = connectToReader()
  const request = { task: TASK, work: await key(checkout), ...DONE, outputs: [] }
  await using ahead = createSendAhead({ remote, store: vault.store }, request)

  for (const seed of [1, 2, 3]) {
    ahead.offer({
      digest: digestFromBytes(vault.algorithm.hash(sampleBytes(10, seed))),
      sizeBytes: 10,
    })
    expect(await ahead.settle()).toBe(0)
  }

  expect(calls).toEqual(['findMissing', 'put'])
})

test('a bug that is met on the way is thrown to who waits for what is sent, and to nobody else', async () => {
  const { vault } = await useSharing(createSharedFolder())
  const { remote } = connectToReader()
  const broken = { ...remote, attempt: async () => await Promise.reject(new Error('a bug')) }
  const request = { task: TASK, work: await workOf(vault, 'input'), ...DONE, outputs: [] }
  await using ahead = createSendAhead({ remote: broken, store: vault.store }, request)

  ahead.offer({ digest: digestFromBytes(vault.algorithm.hash(sampleBytes(10))), sizeBytes: 10 })
  await delay(10)

  await expect(ahead.settle()).rejects.toThrow('a bug')
})

test('a save that fails on the way leaves no entry, and is no trouble with the remote store', async () => {
  const share = createSharedFolder()
  const checkout = await useSharing(share)
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield* noise(40)
    throw new Error('no more of it')
  }

  await expect(save(checkout, broken())).rejects.toThrow('no more of it')

  expect(checkout.troubles).toEqual([])
  expect(readdirSync(join(checkout.root, 'cache', 'blobs'))).toEqual([])
  const other = await useSharing(share)
  expect(await other.vault.readResult(TASK, await key(other))).toBeUndefined()
  expect(await save(other, piecesOf(noise(40)))).toMatchObject({ remote: { kind: 'sent' } })
})

test.each<[string, Conditions]>([
  ['too-large', { policy: { ...SAMPLE_POLICY, maxSizeBytes: 30 * MIB } }],
  ['withdrawn', { mayPublish: async () => false }],
])('a result that is %s is not published', async (because, conditions) => {
  const share = createSharedFolder()
  const checkout = await useSharing(share)

  const saved = await save(checkout, piecesOf(noise(40)), conditions)

  expect(saved).toMatchObject({ kind: 'skipped', because })
  expect(checkout.troubles).toEqual([])
  expect(existsSync(join(share, 'v1/entries'))).toBe(false)
})

test.each([
  ['nothing of 21 bytes is sent', 20, []],
  ['21 bytes are sent', 21, ['findMissing', 'put']],
])('%s where the policy takes %i', async (_what, maxSizeBytes, expected) => {
  const checkout = await useSharing(createSharedFolder())
  const { vault } = checkout
  checkout.write('out/one', 'ten bytes.')
  checkout.write('out/deep/other', 'eleven more')
  const outputs = [{ declaredAs: 'out', absolutePath: join(checkout.root, 'out') }]
  const policy = { ...SAMPLE_POLICY, maxSizeBytes }
  const { remote, calls } = connectToReader()
  const request = { task: TASK, work: await key(checkout), ...DONE, outputs, policy }
  await using ahead = createSendAhead({ remote, store: vault.store }, request)

  ahead.offer({ digest: digestFromBytes(vault.algorithm.hash(sampleBytes(10))), sizeBytes: 10 })
  await ahead.settle()

  expect(calls).toEqual(expected)
})

test('a remote store that goes away meanwhile costs one warning, and the result is kept here', async () => {
  const server = await startStrictS3Server()
  onTestFinished(async () => await server[Symbol.asyncDispose]())
  const target = new URL(new URL(server.address).searchParams.get('endpoint') ?? '')
  const proxy = await startFaultyProxy(Number(target.port))
  onTestFinished(async () => await proxy[Symbol.asyncDispose]())
  const url = server.address.replace(target.port, String(proxy.port))
  const checkout = await useCheckout({ url, env: server.env, remote: { timeoutSeconds: 1 } })
  async function* result(): AsyncGenerator<Uint8Array> {
    yield* noise(20)
    proxy.fault = { kind: 'silence' }
    yield* noise(30, 3)
  }

  const saved = await save(checkout, result())

  expect(saved).toMatchObject({ kind: 'saved', remote: { kind: 'failed' } })
  expect(checkout.troubles).toEqual(['REMOTE_UNAVAILABLE'])
  expect((await checkout.vault.readResult(TASK, await key(checkout)))?.length).toBe(50 * MIB)
})

interface Reader {
  readonly remote: RemoteVault
  /** What was asked about blobs. */
  readonly calls: readonly string[]
}

/** A remote store that does not say beforehand that it takes nothing of this caller. */
function connectToReader(): Reader {
  const calls: string[] = []
  const objects = createMemoryObjectStore()
  const stored = createObjectBlobStore(objects)
  const { blobs, entries } = readOnly({
    blobs: stored,
    entries: createObjectEntryStore({ objects, blobs: stored, now: Date.now }),
  })
  const stores: RemoteStores = {
    entries,
    blobs: {
      ...blobs,
      async findMissing(names) {
        calls.push('findMissing')
        return await blobs.findMissing(names)
      },
      async put(content) {
        calls.push('put')
        return await blobs.put(content)
      },
    },
  }
  const remote: RemoteVault = {
    mode: 'read-write',
    attempt: async (_use, work) => await work(stores),
    [Symbol.asyncDispose]: async () => {},
  }
  return { remote, calls }
}

type Conditions = Partial<Pick<SaveRequest, 'policy' | 'mayPublish'>>

const DONE = { exitCode: 0, durationMs: 1, origin: {}, policy: SAMPLE_POLICY }

async function save(
  { vault }: Checkout,
  outputs: SaveRequest['outputs'],
  conditions: Conditions = {},
): Promise<SavedEntry | SkippedSave> {
  const work = await workOf(vault, 'input')
  return await vault.save({ task: TASK, work, outputs, ...DONE, ...conditions })
}

async function key({ vault }: Checkout): ReturnType<typeof workOf> {
  return await workOf(vault, 'input')
}

/** So many MiB that no compression makes smaller. */
function* noise(mebibytes: number, seed = 1): Generator<Buffer> {
  for (let index = 0; index < mebibytes; index += 1) yield sampleBytes(MIB, seed * 1_000 + index)
}

async function* piecesOf(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* pieces
}

/** @returns how many full packs are in the folder after a while. */
async function waitForPacks(share: string): Promise<number> {
  const until = performance.now() + 30_000
  for (;;) {
    const packs = sizesOf(share).filter((sizeBytes) => sizeBytes >= FULL_BYTES)
    if (packs.length > 0 || performance.now() > until) return packs.length
    await delay(20)
  }
}

/** Of all blobs in a shared folder, those that are being written left out. */
function sizesOf(share: string): readonly number[] {
  const directory = join(share, 'v1/blobs')
  if (!existsSync(directory)) return []
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(directory, name)))
    .filter((stats) => stats.isFile())
    .map((stats) => stats.size)
}

function sum(left: number, right: number): number {
  return left + right
}
