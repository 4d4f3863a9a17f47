import {
  VERSION_BYTES,
  VERSION_PART_BYTES,
  pulledBytes,
  startStrictS3Server,
  useCheckout,
  writeVersion,
} from '@taskvault/core/testing'
import type { CheckoutOptions } from '@taskvault/core/testing'
import { expect, onTestFinished, test } from 'vitest'
import { startVaultServer } from './rig/start-vault-server.ts'
import type { VaultServer, VaultServerOptions } from './rig/start-vault-server.ts'

/* What core asks for of packs that it needs little of, of a real server at a real socket. */

const REMOTES: Readonly<Record<string, () => Promise<CheckoutOptions>>> = {
  'a server that keeps blobs in a folder': async () => toServer(await start()),
  'a server that sends its clients on to a bucket': async () => {
    const bucket = await startStrictS3Server()
    onTestFinished(async () => await bucket[Symbol.asyncDispose]())
    const config = `bucket: ${bucket.address}\ntransfer: direct\n`
    return toServer(await start({ config, env: bucket.env }))
  },
  'the cache service of GitHub, by its protocol v2': async () => {
    const { url, key } = await start()
    const env = { ACTIONS_RESULTS_URL: `${url}/`, ACTIONS_CACHE_SERVICE_V2: 'True' }
    return { url: 'github:', env: { ...env, ACTIONS_RUNTIME_TOKEN: key } }
  },
  'the cache service of GitHub, by its protocol v1': async () => {
    const { url, key } = await start()
    const env = { ACTIONS_CACHE_URL: `${url}/`, ACTIONS_RUNTIME_TOKEN: key }
    return { url: 'github:', env }
  },
}

test.each(Object.entries(REMOTES))(
  '%s is asked for what is missing alone',
  async (_, openRemote) => {
    const options = { ...(await openRemote()), remote: { timeoutSeconds: 5 } }
    const [one, other] = [await useCheckout(options), await useCheckout(options)]
    writeVersion(one, 1)
    await one.save('of one')
    writeVersion(other, 2)
    await other.save('of the other')
    const third = await useCheckout(options)

    expect(await other.restore('of one')).toBe('hit')
    expect(await third.restore('of one')).toBe('hit')

    expect(other.outputs()).toEqual(one.outputs())
    expect(pulledBytes(other)).toBeLessThan(VERSION_PART_BYTES)
    expect(pulledBytes(third)).toBeGreaterThan(VERSION_BYTES)
    expect([other.troubles, third.troubles]).toEqual([[], []])
  },
)

async function start(options?: VaultServerOptions): Promise<VaultServer> {
  const server = await startVaultServer(options)
  onTestFinished(async () => await server[Symbol.asyncDispose]())
  return server
}

function toServer({ url, key }: VaultServer): CheckoutOptions {
  return { url, env: { TASKVAULT_TOKEN: key } }
}
