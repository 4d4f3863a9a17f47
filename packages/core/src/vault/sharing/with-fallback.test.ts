import { readdirSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { STAGING_PREFIX } from '../../files/scanning/observe-directory.ts'
import type { Checkout, CheckoutOptions } from '../../testing/checkout.ts'
import { startFaultyProxy } from '../../testing/faulty-proxy.ts'
import { listOpenFiles } from '../../testing/list-open-files.ts'
import { sampleBytes } from '../../testing/sample-blobs.ts'
import { startStrictS3Server } from '../../testing/strict-s3-server.ts'
import type { StrictS3Server } from '../../testing/strict-s3-server.ts'
import { createSharedFolder, useCheckout, useSharing } from '../../testing/use-checkout.ts'

/* A bucket that dies in the middle of a result of two packs, and a folder that stands in for it. */

const PACK_BYTES = 16 * 1024 ** 2

test.each<readonly [string, (request: IncomingMessage) => boolean]>([
  ['before anything was sent', () => true],
  [
    'when a pack was half sent',
    ({ method, headers }) => method === 'PUT' && Number(headers['content-length']) >= PACK_BYTES,
  ],
])('%s, a save is sent whole to what stands in', async (_when, isMeant) => {
  const { bucket, share, open } = await usePair()
  const writer = await open()
  writeLarge(writer)
  dieAt(bucket, isMeant)

  const saved = await writer.save('large')
  const reader = await useSharing(share)

  expect(saved).toMatchObject({ kind: 'saved', remote: { kind: 'sent' } })
  expect(await reader.restore('large')).toBe('hit')
  expect(reader.outputs()).toEqual(writer.outputs())
  expectOneTrouble(writer)
})

test('a restore that was half received is received from what stands in', async () => {
  const { bucket, share, open } = await usePair()
  const writer = await useSharing(share)
  writeLarge(writer)
  await writer.save('large')
  const other = await useCheckout({ url: bucket.address, env: bucket.env })
  writeLarge(other)
  await other.save('large')
  const blobsOpen: (readonly string[])[] = []
  const reader = await open((event) => {
    if (event.kind === 'progress' && event.phase === 'restoring' && event.done > 0)
      blobsOpen.push(listOpenFiles(join(reader.root, 'cache', 'blobs')))
  })
  // The first request for a part is for the end of a pack, and files are made from then on.
  let parts = 0
  dieAt(bucket, ({ method, headers }) => {
    if (method === 'GET' && headers.range?.startsWith('bytes=0-') === true) parts += 1
    return parts === 2
  })

  expect(await reader.restore('large')).toBe('hit')

  expect(reader.outputs()).toEqual(writer.outputs())
  expectOneTrouble(reader)
  const left = readdirSync(reader.root).filter((name) => name.startsWith(STAGING_PREFIX))
  expect(left).toEqual([])
  // All at once, as they were made while packs arrived; and no pack is open twice.
  expect(blobsOpen).toEqual([[...new Set(blobsOpen[0])]])
})

test('what nobody has signed is no hit from what stands in, if the first store’s entries are signed', async () => {
  const share = createSharedFolder()
  const writer = await useSharing(share)
  writer.write('out/a', 'a')
  await writer.save('input')
  const url = pathToFileURL(share).href
  const remote = { url, mode: 'read', publicKeys: [], timeoutSeconds: 30 } as const
  const reader = await useCheckout({
    url: 'http://127.0.0.1:9',
    remote: { publicKeys: ['A'.repeat(43)] },
    fallback: { remote, name: 'the folder' },
  })

  expect(await reader.restore('input')).toMatchObject({ kind: 'miss' })

  expect(messagesOf(reader)[1]).toContain('an unsigned entry')
})

test('on what stands in, only so much time is lost as is left', async () => {
  const deaf = await Promise.all([startFaultyProxy(0), startFaultyProxy(0)])
  onTestFinished(async () => {
    for (const proxy of deaf) await proxy[Symbol.asyncDispose]()
  })
  for (const proxy of deaf) proxy.fault = { kind: 'silence' }
  const [url = '', instead = ''] = deaf.map(({ port }) => `http://127.0.0.1:${port}`)
  const remote = { url: instead, mode: 'read', publicKeys: [], timeoutSeconds: 3 } as const
  const fallback = { remote, name: 'the other one' }
  const checkout = await useCheckout({ url, remote: { timeoutSeconds: 1 }, fallback })

  expect(await checkout.restore('any')).toMatchObject({ kind: 'miss' })

  expect(messagesOf(checkout)).toEqual([
    expect.stringMatching(/^Continuing with the other one .* made no progress for 1 seconds$/),
    expect.stringMatching(/^Continuing without .* made no progress for (1\.\d|2) seconds$/),
  ])
})

interface Pair {
  readonly bucket: StrictS3Server
  readonly share: string
  /** A machine of both. */
  open(onEvent?: CheckoutOptions['onEvent']): Promise<Checkout>
}

async function usePair(): Promise<Pair> {
  const bucket = await startStrictS3Server()
  onTestFinished(async () => await bucket[Symbol.asyncDispose]())
  const share = createSharedFolder()
  const url = pathToFileURL(share).href
  const remote = { url, mode: 'read-write', publicKeys: [], timeoutSeconds: 30 } as const
  const fallback = { remote, name: 'the folder' }
  const open: Pair['open'] = async (onEvent = () => {}) =>
    await useCheckout({ url: bucket.address, env: bucket.env, fallback, onEvent })
  return { bucket, share, open }
}

function writeLarge(checkout: Checkout): void {
  for (let index = 0; index < 130; index += 1)
    checkout.write(`out/${index % 7}/${index}`, sampleBytes(250_000, index))
}

function dieAt(bucket: StrictS3Server, isMeant: (request: IncomingMessage) => boolean): void {
  bucket.interfere((_, response) => {
    response.destroy()
    void bucket[Symbol.asyncDispose]()
  }, isMeant)
}

function messagesOf({ events }: Checkout): readonly string[] {
  return events.flatMap((event) => ('message' in event ? [event.message] : []))
}

function expectOneTrouble(checkout: Checkout): void {
  expect(messagesOf(checkout)).toEqual([
    expect.stringMatching(/^Continuing with the folder in place of the remote store: /),
  ])
}
