import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createClient, openServer } from '@taskvault/core'
import type { Client, VaultEvent } from '@taskvault/core'
import { expect, onTestFinished, test } from 'vitest'
import { createCertificate } from '../packages/server/src/trust/testing/certificates.ts'
import type { Certificate } from '../packages/server/src/trust/testing/certificates.ts'
import { startForwardProxy } from './rig/start-forward-proxy.ts'
import { startVaultServer } from './rig/start-vault-server.ts'

/* A server whose certificate no public authority has signed, and that knows its callers by theirs. */

const authority = createCertificate({ name: 'our authority' })
const host = createCertificate({ name: 'vault', hosts: ['localhost'], authority })
const caller = createCertificate({ name: 'ci', uris: ['spiffe://acme/ci'], authority })
const stranger = createCertificate({ name: 'x', uris: ['spiffe://acme/ci'] })

test('a client that trusts the authority, and has a certificate of it, shares its results', async () => {
  const url = await serve()
  const files = { ca: authority.certificate, certificate: caller.certificate, key: caller.key }
  const [one, other] = [await open(url, files), await open(url, files)]

  await one.client.cacheResult('build', 'input', 'result')
  const [result] = await other.client.getCachedResult('build', 'input')

  expect(String(result)).toBe('result')
  expect([...one.troubles, ...other.troubles]).toEqual([])
})

test('so does one that reaches the server by a proxy', async () => {
  const proxy = await startForwardProxy()
  onTestFinished(async () => await proxy[Symbol.asyncDispose]())
  const url = await serve()
  const files = { ca: authority.certificate, certificate: caller.certificate, key: caller.key }
  const env = { HTTPS_PROXY: `http://${proxy.address}` }
  const [one, other] = [await open(url, files, { env }), await open(url, files)]

  await one.client.cacheResult('build', 'input', 'by a proxy')
  const [result] = await other.client.getCachedResult('build', 'input')

  expect(String(result)).toBe('by a proxy')
  expect(one.troubles).toEqual([])
  expect(proxy.passages).toContainEqual({ to: new URL(url).host, authorization: undefined })
})

test('so does who asks the server about entries and keys', async () => {
  const directory = write({
    'ca.pem': authority.certificate,
    'ci.pem': caller.certificate,
    'ci.key': caller.key,
  })
  const file = (name: string): string => path.join(directory, name)
  const remote = {
    url: await serve(),
    mode: 'read-write',
    publicKeys: [],
    timeoutSeconds: 4,
    ca: file('ca.pem'),
    certificate: file('ci.pem'),
    key: file('ci.key'),
  } as const

  await using server = await openServer({ remote, env: {}, now: Date.now })

  expect(await server.findEntries('00', 1)).toEqual([])
})

test.each<readonly [string, Readonly<Record<string, string>>, string]>([
  ['an unknown authority', {}, 'REMOTE_UNAVAILABLE'],
  ['no certificate', { ca: authority.certificate }, 'REMOTE_REFUSED'],
  [
    "a stranger's certificate",
    { ca: authority.certificate, certificate: stranger.certificate, key: stranger.key },
    'REMOTE_REFUSED',
  ],
])('with %s, a client goes on without the server', async (_, files, code) => {
  const { client, troubles } = await open(await serve(), files)

  await client.cacheResult('build', 'input', 'result')
  const [result] = await client.getCachedResult('build', 'input')

  expect(String(result)).toBe('result')
  expect(troubles).toEqual([code])
})

test('a file that is not there is one warning', async () => {
  const { client, troubles } = await open(await serve(), {}, { named: { ca: 'nowhere.pem' } })

  expect(await client.getCachedResult('build', 'input')).toEqual([undefined, false])
  expect(troubles).toEqual(['IO_FAILED'])
})

const damaged = authority.certificate.replace(/\n.{8}/, '\n')
const both = { certificate: caller.certificate, key: caller.key }

test.each<readonly [string, Readonly<Record<string, string>>, RegExp]>([
  ['no authority', { ca: 'not PEM' }, /: There is no PEM certificate in .*tls.ca$/],
  ['nothing in it', { ca: '' }, /: There is no PEM certificate in .*tls.ca$/],
  ['a key as authority', { ca: authority.key }, /: There is no PEM certificate in .*tls.ca$/],
  [
    'one damaged authority of two',
    { ca: authority.certificate + damaged },
    /: A certificate in .*tls.ca is damaged$/,
  ],
  [
    'a key that is none',
    { ...both, key: 'KEY' },
    /: There is no PEM private key in .*tls.key, or it has a passphrase$/,
  ],
  [
    "another's key",
    { ...both, key: stranger.key },
    /: The key in .*tls.key does not belong to .*tls.certificate$/,
  ],
])('%s, by a file of ours, is one warning that says so', async (_, files, message) => {
  const { client, troubles, messages } = await open('https://localhost:1', files)

  expect(await client.getCachedResult('build', 'input')).toEqual([undefined, false])
  expect(troubles).toEqual(['CONFIG_INVALID'])
  expect(messages).toEqual([expect.stringMatching(message)])
})

async function serve(): Promise<string> {
  const directory = write({
    'host.pem': host.certificate,
    'host.key': host.key,
    'ca.pem': authority.certificate,
  })
  const config = `
tls: { certificate: ${directory}/host.pem, key: ${directory}/host.key, client_ca: ${directory}/ca.pem }
certificates: [{ uri: spiffe://acme/ci, role: engineer, project: "jenkins:shop", writes: "protected:refs/heads/main", reads: [main] }]
`
  const server = await startVaultServer({ config })
  onTestFinished(async () => await server[Symbol.asyncDispose]())
  return server.url.replace('127.0.0.1', 'localhost')
}

interface Opened {
  readonly client: Client
  readonly troubles: readonly string[]
  readonly messages: readonly string[]
}

interface Surroundings {
  /** Further lines of the configuration. */
  readonly named?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
}

async function open(
  url: string,
  files: Readonly<Record<string, Certificate['certificate']>>,
  { named = {}, env = {} }: Surroundings = {},
): Promise<Opened> {
  const written = Object.fromEntries(Object.entries(files).map(([key, pem]) => [`tls/${key}`, pem]))
  const lines = Object.keys(files).map((key) => [key, `tls/${key}`] as const)
  const remote = { url, ...Object.fromEntries(lines), ...named }
  const cwd = write({ ...written, '.taskvault/config.yaml': JSON.stringify({ remote }) })
  const troubles: string[] = []
  const messages: string[] = []
  const report = (event: VaultEvent): void => {
    if (event.kind !== 'trouble') return
    troubles.push(event.code)
    messages.push(event.message)
  }
  const client = await createClient(undefined, { cwd, env, report })
  onTestFinished(async () => await client.close())
  return { client, troubles, messages }
}

function write(files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'taskvault-tls-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(directory, name)), { recursive: true })
    writeFileSync(path.join(directory, name), content)
  }
  return directory
}
