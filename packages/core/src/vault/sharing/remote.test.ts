import { generateKeyPairSync } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Checkout, CheckoutOptions } from '../../testing/checkout.ts'
import { sampleBytes } from '../../testing/sample-blobs.ts'
import { startStrictS3Server } from '../../testing/strict-s3-server.ts'
import { createSharedFolder, useCheckout } from '../../testing/use-checkout.ts'

const REMOTES: Readonly<Record<string, () => Promise<CheckoutOptions>>> = {
  'a shared folder': async () => ({ url: pathToFileURL(createSharedFolder()).href }),
  'a bucket': async () => {
    const server = await startStrictS3Server()
    onTestFinished(async () => await server[Symbol.asyncDispose]())
    return { url: server.address, env: server.env }
  },
}

describe.each(Object.entries(REMOTES))('two checkouts that share %s', (_, openRemote) => {
  test('what one saves, the other restores, byte by byte', async () => {
    const { one, other } = await openTwo(openRemote)
    fill(one)

    const saved = await one.save('input')
    const restored = await other.restore('input')

    expect(saved).toMatchObject({ kind: 'saved', remote: { kind: 'sent' } })
    expect(restored).toBe('hit')
    expect(other.outputs()).toEqual(one.outputs())
    expect([one.troubles, other.troubles]).toEqual([[], []])
    expect(one.audit()).toMatch(/SAVE push task=build .*bytes=\d+/)
    expect(other.audit()).toMatch(/SAVE pull task=build .*scope=shared bytes=\d+/)
  })

  test('what was restored once is on this machine', async () => {
    const { one, other } = await openTwo(openRemote)
    fill(one)
    await one.save('input')
    await other.restore('input')
    const before = countOf(other, 'receiving')

    rmSync(join(other.root, 'out'), { recursive: true })
    const again = await other.restore('input')

    expect(again).toBe('hit')
    expect(countOf(other, 'receiving')).toBe(before)
    expect(other.outputs()).toEqual(one.outputs())
  })

  test('only what is new is sent, and only what is missing is fetched', async () => {
    const { one, other } = await openTwo(openRemote)
    fill(one)
    const first = await one.save('first')
    await other.restore('first')
    const fetchedBefore = receivedBytes(other)
    one.write('out/new', sampleBytes(50_000, 9))

    const second = await one.save('second')
    const restored = await other.restore('second')

    expect(sentBytes(first)).toBeGreaterThan(3_000_000)
    expect(sentBytes(second)).toBeGreaterThan(50_000)
    // What is new here is what travels, and nothing besides.
    expect(sentBytes(second)).toBe(storedBytes(second))
    expect(restored).toBe('hit')
    expect(receivedBytes(other) - fetchedBefore).toBeLessThan(55_000)
    expect(other.outputs()).toEqual(one.outputs())
  })

  test('a miss is explained by what the other has saved', async () => {
    const { one, other } = await openTwo(openRemote)
    fill(one)
    await one.save('input')

    const missed = await other.restore('another input')

    expect(missed).toEqual({ kind: 'miss', reasons: [{ kind: 'content-changed' }] })
  })

  test('the first entry of a key stays', async () => {
    const { one, other } = await openTwo(openRemote)
    one.write('out/a', 'of one')
    other.write('out/a', 'of the other')
    await one.save('input')

    const second = await other.save('input')

    expect(second).toMatchObject({ kind: 'saved', remote: { kind: 'known', sentBytes: 0 } })
  })
})

test('an entry of many packs comes and goes without a warning of Node', async () => {
  const url = pathToFileURL(createSharedFolder()).href
  const [one, other] = [await useCheckout({ url }), await useCheckout({ url })]
  const warnings: string[] = []
  const listen = (warning: Error): void => void warnings.push(warning.message)
  process.on('warning', listen)
  onTestFinished(() => void process.off('warning', listen))
  // Each save makes a pack of its own, and the last entry needs all of them.
  for (let index = 0; index < 30; index += 1) {
    one.write(`out/${index}`, sampleBytes(100_000, index + 1))
    await one.save(`step ${index}`)
  }

  const restored = await other.restore('step 29')

  expect(restored).toBe('hit')
  expect(other.outputs()).toEqual(one.outputs())
  expect(warnings).toEqual([])
})

test('a remote store for reading gets nothing', async () => {
  const url = pathToFileURL(createSharedFolder()).href
  const checkout = await useCheckout({ url, remote: { mode: 'read' } })
  fill(checkout)

  const saved = await checkout.save('input')

  expect(saved).toMatchObject({
    kind: 'saved',
    remote: { kind: 'skipped', sentBytes: 0, because: 'remote.mode is read' },
  })
  expect(checkout.troubles).toEqual([])
})

test('an entry that nobody signed is none where keys are pinned', async () => {
  const url = pathToFileURL(createSharedFolder()).href
  const one = await useCheckout({ url })
  fill(one)
  await one.save('input')
  const { publicKey } = generateKeyPairSync('ed25519')
  const pinned = String(publicKey.export({ format: 'jwk' }).x)
  const other = await useCheckout({ url, remote: { publicKeys: [pinned] } })

  const restored = await other.restore('input')

  expect(restored).toMatchObject({ kind: 'miss' })
  expect(other.troubles).toEqual(['REMOTE_INVALID'])
  expect(await (await useCheckout({ url })).restore('input')).toBe('hit')
})

interface Two {
  readonly one: Checkout
  readonly other: Checkout
}

async function openTwo(openRemote: () => Promise<CheckoutOptions>): Promise<Two> {
  const options = await openRemote()
  return { one: await useCheckout(options), other: await useCheckout(options) }
}

/** Some of everything: many small files, a large one that is cut, and one in between. */
function fill(checkout: Checkout): void {
  for (let index = 0; index < 40; index += 1)
    checkout.write(`out/deep/${index % 5}/file ${index}`, `content ${index}\n`.repeat(index))
  checkout.write('out/large', sampleBytes(3_000_000))
  checkout.write('out/empty', '')
}

function sentBytes(saved: Awaited<ReturnType<Checkout['save']>>): number {
  return saved.kind === 'saved' ? (saved.remote?.sentBytes ?? 0) : 0
}

function storedBytes(saved: Awaited<ReturnType<Checkout['save']>>): number {
  return saved.kind === 'saved' ? saved.storedBytes : 0
}

function countOf({ events }: Checkout, phase: string): number {
  return events.filter((event) => event.kind === 'progress' && event.phase === phase).length
}

/** Of all transfers so far. */
function receivedBytes({ events }: Checkout): number {
  let [sum, last] = [0, 0]
  for (const event of events) {
    if (event.kind !== 'progress' || event.phase !== 'receiving') continue
    if (event.done < last) sum += last
    last = event.done
  }
  return sum + last
}
