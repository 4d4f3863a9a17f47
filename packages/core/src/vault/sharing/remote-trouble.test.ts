import { readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { RemoteSettings } from '../../config/remote-settings.ts'
import type { Checkout } from '../../testing/checkout.ts'
import { startFaultyProxy } from '../../testing/faulty-proxy.ts'
import type { Fault, FaultyProxy } from '../../testing/faulty-proxy.ts'
import { sampleBytes } from '../../testing/sample-blobs.ts'
import { startStrictS3Server } from '../../testing/strict-s3-server.ts'
import type { StrictS3Server } from '../../testing/strict-s3-server.ts'
import { useCheckout } from '../../testing/use-checkout.ts'

/*
 * A remote store that is slow, silent, cut off, or lies. Whatever it does, a restore is a hit with the
 * right bytes or a miss, a save is saved here, and the time that is lost is bounded (one second in these
 * tests; without that, those that are silent are waited for half a minute three times).
 */

const FAULTS: readonly (readonly [string, Fault])[] = [
  ['never answers', { kind: 'silence' }],
  ['answers a byte now and then', { kind: 'trickle', everyMs: 40 }],
  ['stops in the middle of a transfer', { kind: 'stall', afterBytes: 100_000 }],
  ['ends every transfer', { kind: 'cut', afterBytes: 20_000, times: 1_000 }],
  ['ends every connection at once', { kind: 'cut', afterBytes: 0, times: 1_000 }],
  ['speaks another language', { kind: 'answer', bytes: 'SSH-2.0-OpenSSH_9.2\r\n' }],
  ['speaks no language', { kind: 'answer', bytes: sampleBytes(10_000) }],
  [
    'is a web page',
    { kind: 'answer', bytes: 'HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n<html>hi</html>' },
  ],
  ['has trouble', { kind: 'answer', bytes: 'HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n' }],
  ['is closed', { kind: 'answer', bytes: '' }],
]

/** Answers to a save are short; and who says 200 to everything has taken everything. */
function isFeltBySaves(fault: Fault): boolean {
  if (fault.kind === 'answer') return !String(fault.bytes).includes('200 OK')
  return (fault.kind !== 'stall' && fault.kind !== 'cut') || fault.afterBytes === 0
}

const DEAF: readonly [string, Fault] = ['takes nothing', { kind: 'deaf', afterBytes: 50_000 }]

describe('a restore from a store that', () => {
  test.each(FAULTS)('%s is a miss, in time, and leaves nothing behind', async (_, fault) => {
    const scene = await openScene({ timeoutSeconds: 1 })
    scene.proxy.fault = fault
    const startedAt = performance.now()

    const restored = await scene.other.restore('input')

    expect(restored).toMatchObject({ kind: 'miss' })
    expect(performance.now() - startedAt).toBeLessThan(20_000)
    expect(scene.other.troubles.length).toBeLessThanOrEqual(1)
    expect(scene.other.troubles.length + quarantinesOf(scene.other)).toBeGreaterThanOrEqual(1)
    expect(leftovers(scene.other)).toEqual([])
  })

  test('changes a byte is a miss, and not asked for the same again', async () => {
    const scene = await openScene()
    scene.proxy.fault = { kind: 'flip', atByte: 100_000 }

    const first = await scene.other.restore('input')
    scene.proxy.fault = { kind: 'none' }
    const before = scene.proxy.passedBytes
    const second = await scene.other.restore('input')

    expect([first, second]).toMatchObject([{ kind: 'miss' }, { kind: 'miss' }])
    expect(quarantinesOf(scene.other)).toBe(1)
    expect(scene.proxy.passedBytes - before).toBeLessThan(20_000)
    expect(scene.other.audit()).toMatch(/QUARANTINE remote task=build .*error=BLOB_CORRUPT/)
    expect(leftovers(scene.other)).toEqual([])
  })

  test('cuts a transfer now and then is a hit: it goes on where it was cut', async () => {
    const scene = await openScene()
    scene.proxy.fault = { kind: 'cut', afterBytes: 400_000, times: 3 }

    const restored = await scene.other.restore('input')

    expect(restored).toBe('hit')
    expect(scene.other.outputs()).toEqual(scene.one.outputs())
    expect(scene.proxy.passedBytes).toBeLessThan(3_500_000 * 1.3)
    const ranges = scene.server.ranges.filter((range) => !range.startsWith('bytes=0-'))
    expect(ranges.length).toBeGreaterThan(0)
  })

  test('is away for a moment is a hit', async () => {
    const scene = await openScene()
    scene.server.interfere((_, response) => response.writeHead(503).end())

    expect(await scene.other.restore('input')).toBe('hit')
    expect(scene.other.troubles).toEqual([])
  })
})

describe('a save to a store that', () => {
  test.each([...FAULTS.filter(([, fault]) => isFeltBySaves(fault)), DEAF])(
    '%s is saved here, in time, with one warning',
    async (_, fault) => {
      const scene = await openScene({ timeoutSeconds: 1 })
      scene.other.write('out/large', sampleBytes(2_000_000, 4))
      scene.proxy.fault = fault
      const startedAt = performance.now()

      const saved = await scene.other.save('another input')

      expect(saved).toMatchObject({ kind: 'saved', remote: { kind: 'failed' } })
      expect(performance.now() - startedAt).toBeLessThan(20_000)
      expect(scene.other.troubles).toHaveLength(1)
      expect(await scene.other.restore('another input')).toBe('hit')
      expect(entriesOf(scene.server)).toBe(1)
    },
  )
})

test('after it was lost, a store is asked no more by this process, nor by others for a while', async () => {
  const scene = await openScene({ timeoutSeconds: 1 })
  scene.proxy.fault = { kind: 'silence' }
  await scene.other.restore('input')
  scene.proxy.fault = { kind: 'none' }
  const before = scene.server.requests.length

  const again = await scene.other.restore('input')
  const nextProcess = await scene.reopenOther()
  const third = await nextProcess.restore('input')

  expect([again, third]).toMatchObject([{ kind: 'miss' }, { kind: 'miss' }])
  expect(nextProcess.events).toContainEqual({ kind: 'remote-paused' })
  expect(nextProcess.troubles).toEqual([])
  expect(scene.server.requests.length).toBe(before)
})

test('a disk that takes no blob, for however long, leaves no call to the store unfinished', async () => {
  const scene = await openScene()
  const blobs = join(scene.other.root, 'cache', 'blobs')
  renameSync(blobs, `${blobs}-away`)
  for (let attempt = 0; attempt < 2 * CALLS_AT_ONCE; attempt += 1)
    expect(await scene.other.restore('input')).toMatchObject({ kind: 'miss' })
  renameSync(`${blobs}-away`, blobs)

  expect(await scene.other.restore('input')).toBe('hit')
  expect(scene.other.troubles).toEqual(['IO_FAILED'])
})

test('a store that is not there is one warning', async () => {
  const checkout = await useCheckout({
    url: 's3://vault-tests/?endpoint=http://127.0.0.1:9',
    env: KEYS,
  })

  expect(await checkout.restore('input')).toMatchObject({ kind: 'miss' })
  expect(checkout.troubles).toEqual(['REMOTE_UNAVAILABLE'])
})

test('a bucket without credentials is one warning', async () => {
  const checkout = await useCheckout({ url: 's3://vault-tests' })
  checkout.write('out/a', 'a')

  await checkout.restore('input')
  const saved = await checkout.save('input')

  expect(saved).toMatchObject({ kind: 'saved', remote: { kind: 'failed' } })
  expect(checkout.troubles).toEqual(['REMOTE_REFUSED'])
})

/** To one store. */
const CALLS_AT_ONCE = 8

const KEYS = { AWS_ACCESS_KEY_ID: 'TESTKEYID', AWS_SECRET_ACCESS_KEY: 'test/secret+key=' }

interface Scene {
  /** Has saved `input`, over a good line. */
  readonly one: Checkout
  /** Sees the bucket through the proxy. */
  readonly other: Checkout
  readonly proxy: FaultyProxy
  readonly server: StrictS3Server
  /** Another process of the same checkout. */
  reopenOther(): Promise<Checkout>
}

async function openScene(remote: Partial<RemoteSettings> = {}): Promise<Scene> {
  const server = await startStrictS3Server()
  const target = new URL(new URL(server.address).searchParams.get('endpoint') ?? '')
  const proxy = await startFaultyProxy(Number(target.port))
  onTestFinished(async () => {
    await proxy[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })
  const one = await useCheckout({ url: server.address, env: server.env })
  one.write('out/large', sampleBytes(3_000_000))
  one.write('out/small', 'small')
  await one.save('input')
  const url = server.address.replace(target.port, String(proxy.port))
  const other = await useCheckout({ url, env: server.env, remote })
  return {
    one,
    other,
    proxy,
    server,
    reopenOther: async () => await useCheckout({ url, env: server.env, remote, root: other.root }),
  }
}

function entriesOf({ objects }: StrictS3Server): number {
  return [...objects.keys()].filter((key) => key.includes('/entries/')).length
}

function quarantinesOf({ events }: Checkout): number {
  return events.filter(({ kind }) => kind === 'quarantined').length
}

/** What is among the blobs and is none. */
function leftovers({ root }: Checkout): readonly string[] {
  return readdirSync(join(root, 'cache', 'blobs')).filter((name) => name.startsWith('.'))
}
