import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createClient } from '@taskvault/core'
import type { Client, VaultEvent } from '@taskvault/core'
import { startStrictS3Server } from '@taskvault/core/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startVaultServer } from './rig/start-vault-server.ts'
import type { VaultServer, VaultServerOptions } from './rig/start-vault-server.ts'

/* What a server signs, a client that has pinned its keys believes; and nothing else. */

const PLACES: Readonly<Record<string, () => Promise<VaultServerOptions>>> = {
  'a folder': async () => ({}),
  'a bucket that clients reach': async () => {
    const bucket = await startStrictS3Server()
    onTestFinished(async () => await bucket[Symbol.asyncDispose]())
    return { config: `bucket: ${bucket.address}\ntransfer: direct\n`, env: bucket.env }
  },
}

describe.each(Object.entries(PLACES))('a server with %s', (_, place) => {
  test('is believed by who has pinned its keys, and by nobody who has pinned others', async () => {
    const server = await serve(await place())
    const keys = await fetchKeys(server)
    const stranger = String(generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x)
    const writer = await open(server, [])
    const believer = await open(server, keys)
    const doubter = await open(server, [stranger])
    const result = Buffer.alloc(100_000, 'result')

    await writer.client.cacheResult('build', 'input', result)
    const [believed] = await believer.client.getCachedResult('build', 'input')
    const [doubted] = await doubter.client.getCachedResult('build', 'input')

    expect(keys.length).toBeGreaterThan(0)
    expect(believed?.length).toBe(result.length)
    expect(believer.troubles).toEqual([])
    expect(doubted).toBeUndefined()
    expect(doubter.troubles).toEqual(['REMOTE_INVALID'])
  })
})

async function serve(options: VaultServerOptions): Promise<VaultServer> {
  const server = await startVaultServer(options)
  onTestFinished(async () => await server[Symbol.asyncDispose]())
  return server
}

async function fetchKeys({ url, key }: VaultServer): Promise<readonly string[]> {
  const answer = await fetch(`${url}/v1/signing-keys`, {
    headers: { authorization: `Bearer ${key}` },
  })
  const { keys } = (await answer.json()) as { readonly keys: readonly { publicKey: string }[] }
  return keys.map(({ publicKey }) => publicKey)
}

interface Opened {
  readonly client: Client
  readonly troubles: readonly string[]
}

async function open({ url, key }: VaultServer, publicKeys: readonly string[]): Promise<Opened> {
  const cwd = mkdtempSync(path.join(tmpdir(), 'taskvault-signed-'))
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }))
  mkdirSync(path.join(cwd, '.taskvault'))
  const config = JSON.stringify({ remote: { url, public_keys: publicKeys } })
  writeFileSync(path.join(cwd, '.taskvault', 'config.yaml'), config)
  const troubles: string[] = []
  const report = (event: VaultEvent): void => {
    if (event.kind === 'trouble') troubles.push(event.code)
  }
  const client = await createClient(undefined, { cwd, env: { TASKVAULT_TOKEN: key }, report })
  onTestFinished(async () => await client.close())
  return { client, troubles }
}
