import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { createSharedFolder, sampleBytes, useCheckout } from '@taskvault/core/testing'
import type { CheckoutOptions } from '@taskvault/core/testing'
import { expect, onTestFinished, test } from 'vitest'
import { startVaultServer } from './rig/start-vault-server.ts'
import type { VaultServer } from './rig/start-vault-server.ts'

/* A bit of a blob flips where all machines fetch it: the first one that needs it has it put right. */

interface Remote {
  readonly options: CheckoutOptions
  /** Where its blobs lie, among other files. */
  readonly directory: string
}

const REMOTES: Readonly<Record<string, () => Promise<Remote>>> = {
  'a shared folder': async () => {
    const directory = createSharedFolder()
    return { options: { url: pathToFileURL(directory).href }, directory }
  },
  'a server': async () => {
    const { url, key, directory } = await start()
    return { options: { url, env: { TASKVAULT_TOKEN: key } }, directory }
  },
  'the cache service of GitHub': async () => {
    const { url, key, directory } = await start()
    const env = {
      ACTIONS_RESULTS_URL: `${url}/`,
      ACTIONS_CACHE_SERVICE_V2: 'True',
      ACTIONS_RUNTIME_TOKEN: key,
    }
    return { options: { url: 'github:', env }, directory }
  },
}

test.each(Object.entries(REMOTES))(
  'what is damaged in %s is put again by the save after the miss',
  async (_, openRemote) => {
    const { options, directory } = await openRemote()
    const [one, other] = [await useCheckout(options), await useCheckout(options)]
    const third = await useCheckout(options)
    for (const each of [one, other]) each.write('out/a', sampleBytes(3_000_000))
    await one.save('input')
    flipBit(largestFile(directory))

    const missed = await third.restore('input')
    const saved = await other.save('input')
    const fourth = await useCheckout(options)
    const restored = await fourth.restore('input')

    const reasons = [{ kind: 'damaged', detail: expect.any(String) as string }]
    expect(missed).toMatchObject({ kind: 'miss', reasons })
    expect(saved).toMatchObject({ kind: 'saved' })
    expect(restored).toBe('hit')
    expect(fourth.outputs()).toEqual(one.outputs())
  },
)

function largestFile(directory: string): string {
  const [largest] = readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(directory, name))
    .filter((file) => statSync(file).isFile())
    .toSorted((left, right) => statSync(right).size - statSync(left).size)
  if (largest === undefined) throw new Error('nothing was saved')
  return largest
}

function flipBit(file: string): void {
  const bytes = readFileSync(file)
  const middle = bytes.length >> 1
  bytes[middle] = (bytes[middle] ?? 0) ^ 1
  writeFileSync(file, bytes)
}

async function start(): Promise<VaultServer> {
  const server = await startVaultServer()
  onTestFinished(async () => await server[Symbol.asyncDispose]())
  return server
}
