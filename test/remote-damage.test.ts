import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  createSharedFolder,
  sampleBytes,
  startStrictS3Server,
  useCheckout,
} from '@taskvault/core/testing'
import type { CheckoutOptions, StrictS3Server } from '@taskvault/core/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startVaultServer } from './rig/start-vault-server.ts'
import type { VaultServer, VaultServerOptions } from './rig/start-vault-server.ts'

/* A blob is damaged where all machines fetch it: the first one that needs it has it put right. */

/** Undefined: the blob is taken away. */
type Damage = (bytes: Buffer) => Buffer | undefined

interface Remote {
  readonly options: CheckoutOptions
  readonly damageLargest: (damage: Damage) => void
}

const REMOTES: Readonly<Record<string, () => Promise<Remote>>> = {
  'a shared folder': async () => {
    const directory = createSharedFolder()
    return inFolder(directory, { url: pathToFileURL(directory).href })
  },
  'a bucket': async () => {
    const bucket = await startBucket()
    return inBucket(bucket, { url: bucket.address, env: bucket.env })
  },
  'a server': async () => {
    const server = await start()
    return inFolder(server.directory, optionsOf(server))
  },
  'a server before a bucket': async () => {
    const bucket = await startBucket()
    const server = await start({ config: `bucket: ${bucket.address}\n`, env: bucket.env })
    return inBucket(bucket, optionsOf(server))
  },
  'a server that sends its clients on to a bucket': async () => {
    const bucket = await startBucket()
    const config = `bucket: ${bucket.address}\ntransfer: direct\n`
    return inBucket(bucket, optionsOf(await start({ config, env: bucket.env })))
  },
  'the cache service of GitHub': async () => {
    const { url, key, directory } = await start()
    const env = {
      ACTIONS_RESULTS_URL: `${url}/`,
      ACTIONS_CACHE_SERVICE_V2: 'True',
      ACTIONS_RUNTIME_TOKEN: key,
    }
    return inFolder(directory, { url: 'github:', env })
  },
}

const DAMAGES: Readonly<Record<string, Damage>> = {
  'a bit of it flips': (bytes) => {
    const damaged = Buffer.from(bytes)
    const middle = damaged.length >> 1
    damaged[middle] = (damaged[middle] ?? 0) ^ 1
    return damaged
  },
  'it is cut short': (bytes) => bytes.subarray(0, bytes.length >> 1),
  'it is empty': () => Buffer.alloc(0),
  'it is taken away': () => undefined,
}

describe.each(Object.entries(REMOTES))('in %s', (_remote, openRemote) => {
  test.each(Object.entries(DAMAGES))(
    'a blob is put again by the save after the miss if %s',
    async (_damage, damage) => {
      const { options, damageLargest } = await openRemote()
      const [one, other] = [await useCheckout(options), await useCheckout(options)]
      const third = await useCheckout(options)
      for (const each of [one, other]) each.write('out/a', sampleBytes(3_000_000))
      await one.save('input')
      damageLargest(damage)

      const missed = await third.restore('input')
      const saved = await other.save('input')
      const fourth = await useCheckout(options)
      const restored = await fourth.restore('input')

      const reasons = [{ kind: 'damaged', detail: expect.any(String) as string }]
      expect(missed).toMatchObject({ kind: 'miss', reasons })
      expect(third.troubles).toEqual([])
      expect(saved).toMatchObject({ kind: 'saved' })
      expect(restored).toBe('hit')
      expect(fourth.outputs()).toEqual(one.outputs())
    },
  )
})

test('a server that takes long to read a damaged blob costs neither the miss much, nor the save after it', async () => {
  const bucket = await startBucket()
  const config = `bucket: ${bucket.address}\ntransfer: direct\n`
  const options = {
    ...optionsOf(await start({ config, env: bucket.env })),
    remote: { timeoutSeconds: 4 },
  }
  const [one, other] = [await useCheckout(options), await useCheckout(options)]
  for (const each of [one, other]) each.write('out/a', sampleBytes(3_000_000))
  await one.save('input')
  inBucket(bucket, options).damageLargest((bytes) => bytes.fill(0))
  const key = largestOf([...bucket.objects], ([, { length }]) => length)[0]
  let gets = 0
  const { promise, resolve: release } = Promise.withResolvers<void>()
  bucket.interfere(
    (_request, response) => void promise.then(() => response.writeHead(503).end()),
    // Its client fetches it first; then the server reads it.
    ({ method, url }) => method === 'GET' && url?.includes(key) === true && (gets += 1) === 2,
  )

  const missed = await other.restore('input')
  const saved = await other.save('input')
  release()

  expect(missed).toMatchObject({ kind: 'miss', reasons: [{ kind: 'damaged' }] })
  expect(saved).toMatchObject({ kind: 'saved' })
  expect(other.troubles).toEqual([])
})

test.each([
  ['says so itself', { mode: 'read' }, false],
  ['is told so by the bucket', {}, true],
] as const)(
  'whoever may only read, and %s, has a miss and no other trouble',
  async (_, remote, isRefused) => {
    const bucket = await startBucket()
    const options = { url: bucket.address, env: bucket.env }
    const [one, reader] = [await useCheckout(options), await useCheckout({ ...options, remote })]
    one.write('out/a', sampleBytes(3_000_000))
    await one.save('input')
    inBucket(bucket, options).damageLargest((bytes) => bytes.fill(0))
    const before = [...bucket.objects.keys()]
    bucket.interfere(
      (_request, response) => response.writeHead(403).end(),
      ({ method }) => method === 'DELETE',
    )

    const missed = await reader.restore('input')

    expect(missed).toMatchObject({ kind: 'miss', reasons: [{ kind: 'damaged' }] })
    expect(reader.troubles).toEqual([])
    expect([...bucket.objects.keys()]).toEqual(before)
    expect(bucket.requests.some((request) => request.startsWith('DELETE'))).toBe(isRefused)
  },
)

function inFolder(directory: string, options: CheckoutOptions): Remote {
  return {
    options,
    damageLargest(damage) {
      const file = largestOf(filesIn(directory), (each) => statSync(each).size)
      const damaged = damage(readFileSync(file))
      if (damaged === undefined) rmSync(file)
      else writeFileSync(file, damaged)
    },
  }
}

function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(directory, name))
    .filter((file) => statSync(file).isFile())
}

function inBucket({ objects }: StrictS3Server, options: CheckoutOptions): Remote {
  return {
    options,
    damageLargest(damage) {
      const [key, bytes] = largestOf([...objects], ([, { length }]) => length)
      const damaged = damage(bytes)
      if (damaged === undefined) objects.delete(key)
      else objects.set(key, damaged)
    },
  }
}

function largestOf<Item>(items: readonly Item[], sizeOf: (item: Item) => number): Item {
  const [largest] = items.toSorted((left, right) => sizeOf(right) - sizeOf(left))
  if (largest === undefined) throw new Error('nothing was saved')
  return largest
}

function optionsOf({ url, key }: VaultServer): CheckoutOptions {
  return { url, env: { TASKVAULT_TOKEN: key } }
}

async function start(options?: VaultServerOptions): Promise<VaultServer> {
  const server = await startVaultServer(options)
  onTestFinished(async () => await server[Symbol.asyncDispose]())
  return server
}

async function startBucket(): Promise<StrictS3Server> {
  const bucket = await startStrictS3Server()
  onTestFinished(async () => await bucket[Symbol.asyncDispose]())
  return bucket
}
