import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import type { RequestOptions } from 'node:https'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startVaultServer } from '../../../../test/rig/start-vault-server.ts'
import { openDatabase } from '../database/open-database.ts'
import { createRestoreLog } from '../engine/restore-log.ts'
import { temporarySqlite } from '../testing/temporary-database.ts'
import { createAuthenticator } from './authenticator.ts'
import { principalOfCertificate } from './certificate-access.ts'
import { urisOf, urisOfCertificate } from './certificate-names.ts'
import type { OpenedSession } from './sessions.ts'
import { createCertificate } from './testing/certificates.ts'
import type { Certificate, CertificateRequest } from './testing/certificates.ts'
import { NO_ISSUERS } from './testing/no-issuers.ts'
import type { CertificateGrant } from './trust-settings.ts'

const URI = 'spiffe://acme/ci/jenkins'
const DAY_MS = 24 * 3_600_000
const GRANT: CertificateGrant = {
  uri: URI,
  tenant: 'default',
  role: 'engineer',
  project: 'jenkins:shop',
  writes: 'protected:refs/heads/main',
  reads: ['main'],
}

test('a certificate is of whom its URI names', () => {
  const caller = principalOfCertificate(
    x509({ uris: ['spiffe://acme/other', URI] }),
    [GRANT],
    Date.now(),
  )

  expect(caller).toMatchObject({
    tenantId: 'default',
    role: 'engineer',
    writes: { name: 'jenkins:shop/protected:refs/heads/main' },
    writer: { issuer: 'certificate', subject: URI },
  })
})

test('a caller of a certificate has a scope of its own, by its URI', () => {
  const { writes } = principalOfCertificate(
    x509({ uris: [URI] }),
    [{ ...GRANT, writes: 'own' }],
    Date.now(),
  )

  expect(writes?.name).toMatch(/^jenkins:shop\/dev:spiffe-acme-ci-jenkins-[0-9a-f]{15}$/)
})

test('URIs that read alike have scopes of their own', () => {
  const uris = ['spiffe://acme/ci/jenkins', 'spiffe://acme/ci-jenkins', 'spiffe://acme/ci//jenkins']

  const scopes = uris.map((uri) => {
    const grants = uris.map((each) => ({ ...GRANT, uri: each, writes: 'own' }))
    return principalOfCertificate(x509({ uris: [uri] }), grants, Date.now()).writes?.name
  })

  expect(new Set(scopes).size).toBe(3)
})

test.each<readonly [string, Partial<CertificateRequest>]>([
  ['without names', {}],
  ['with the URI as its common name', { name: URI }],
  ['with the URI as a host', { hosts: [URI] }],
  ['with another URI', { uris: ['spiffe://acme/ci/other'] }],
  ['with a longer URI', { uris: [`${URI}/more`] }],
  ['with a shorter URI', { uris: ['spiffe://acme/ci'] }],
  ['with the URI in capitals', { uris: [URI.toUpperCase()] }],
  ['with a slash at the end of the URI', { uris: [`${URI}/`] }],
  ['with the URI behind a comma', { uris: [`spiffe://evil, URI:${URI}`] }],
  ['with the URI behind a comma in a host', { hosts: [`evil, URI:${URI}`] }],
  ['with a NUL after the URI', { uris: [`${URI}\0.evil`] }],
  ['that has expired', { uris: [URI], validToMs: Date.now() - 1000 }],
  ['that is not valid yet', { uris: [URI], validFromMs: Date.now() + 60_000 }],
  ['of two callers', { uris: [URI, 'spiffe://acme/ci/second'] }],
])('a certificate %s is nobody’s', (_of, given) => {
  const grants = [GRANT, { ...GRANT, uri: 'spiffe://acme/ci/second' }]

  expect(() => principalOfCertificate(x509(given), grants, Date.now())).toThrow(
    expect.objectContaining({ code: 'UNAUTHENTICATED' }),
  )
})

test('names are read as Node writes them, and nothing of a text that is not all names', () => {
  expect(urisOf('URI:spiffe://a, DNS:b, URI:spiffe://c')).toEqual(['spiffe://a', 'spiffe://c'])
  expect(urisOf('URI:"a, URI:b", IP Address:127.0.0.1')).toEqual(['a, URI:b'])
  expect(urisOf('URI:a, nonsense')).toEqual([])
  expect(urisOf('')).toEqual([])
  expect(urisOfCertificate(x509({ uris: ['a:b, DNS:c'] }))).toEqual(['a:b, DNS:c'])
})

test('a session of a certificate ends with it, and its commands are of one job when they say so', async () => {
  const opened = await openDatabase(temporarySqlite())
  onTestFinished(async () => await opened[Symbol.asyncDispose]())
  const restores = createRestoreLog(opened.quick)
  const validToMs = Math.ceil(Date.now() / 1000) * 1000 + 600_000
  const settings = { ...NO_ISSUERS, certificates: [GRANT] }
  const { database } = opened
  const authenticator = createAuthenticator({ database, settings, now: Date.now })
  const certificate = x509({ uris: [URI], validToMs })
  const open = async (job: string | undefined): Promise<OpenedSession> =>
    await authenticator.openSession({
      authorization: undefined,
      certificate,
      remoteAddress: '127.0.0.1',
      job,
    })

  const [first, same, other] = [await open('b-1'), await open('b-1'), await open('b-2')]
  await restores.record(first.principal.sessionId ?? '', 'entry-1')

  expect(first.expiresAtMs).toBe(validToMs)
  expect(await restores.list(same.principal.sessionId ?? '')).toEqual(['entry-1'])
  expect(await restores.list(other.principal.sessionId ?? '')).toEqual([])
})

test('over TLS: whoever an authority of ours vouches for gets a session, and nobody else', async () => {
  const authority = createCertificate({ name: 'clients' })
  const stranger = createCertificate({ name: 'clients' })
  const server = await startTlsServer(authority)
  const client = createCertificate({ name: 'jenkins', uris: [URI], authority })
  const bad: readonly Certificate[] = [
    createCertificate({ name: 'jenkins', uris: [URI] }),
    createCertificate({ name: 'jenkins', uris: [URI], authority: stranger }),
    createCertificate({ name: 'jenkins', uris: [URI], authority: client }),
    createCertificate({ name: 'jenkins', uris: [URI], authority, validToMs: Date.now() - 1000 }),
    createCertificate({
      name: 'jenkins',
      uris: [URI],
      authority,
      validFromMs: Date.now() + DAY_MS,
    }),
    createCertificate({ name: URI, authority }),
  ]

  const good = await server.open(client)
  const refused = await Promise.all([undefined, ...bad].map(server.open))

  expect(good).toMatchObject({
    status: 201,
    body: { role: 'engineer', writes: 'jenkins:shop/protected:refs/heads/main' },
  })
  expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 401))
})

test('over TLS: a session that a certificate opened works with that certificate only', async () => {
  const authority = createCertificate({ name: 'clients' })
  const server = await startTlsServer(authority)
  const [own, other] = [1, 2].map(() => createCertificate({ name: 'j', uris: [URI], authority }))

  const { body } = await server.open(own)
  const statuses = await Promise.all(
    [own, other, undefined].map(
      async (each) => (await server.list(each, body['token'] as string)).status,
    ),
  )

  expect(statuses).toEqual([200, 401, 401])
})

function x509(given: Partial<CertificateRequest>): X509Certificate {
  const authority = createCertificate({ name: 'authority' })
  return new X509Certificate(
    createCertificate({ name: 'jenkins', authority, ...given }).certificate,
  )
}

interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

interface TlsServer {
  open(client: Certificate | undefined): Promise<Answer>
  list(client: Certificate | undefined, token: string): Promise<Answer>
}

async function startTlsServer(clientAuthority: Certificate): Promise<TlsServer> {
  const directory = mkdtempSync(path.join(tmpdir(), 'taskvault-tls-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const authority = createCertificate({ name: 'servers' })
  const own = createCertificate({ name: 'localhost', hosts: ['localhost'], authority })
  const files = {
    certificate: own.certificate,
    key: own.key,
    client_ca: clientAuthority.certificate,
  }
  const lines = Object.entries(files).map(([name, text]) => {
    writeFileSync(path.join(directory, name), text)
    return `  ${name}: ${path.join(directory, name)}`
  })
  const grant = { ...GRANT, reads: undefined }
  const config = [
    'tls:',
    ...lines,
    '  client_certificates: accepted',
    `certificates: [${JSON.stringify(grant)}]`,
  ]
  const server = await startVaultServer({ config: `${config.join('\n')}\n` })
  onTestFinished(async () => await server[Symbol.asyncDispose]())
  const { port } = new URL(server.url)
  const ask = async (method: string, target: string, { client, token }: Asking): Promise<Answer> =>
    await send({
      method,
      path: target,
      port,
      host: '127.0.0.1',
      servername: 'localhost',
      agent: false,
      ca: authority.certificate,
      ...(client === undefined ? {} : { cert: client.certificate, key: client.key }),
      ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
    })
  return {
    open: async (client) => await ask('POST', '/v1/session', { client, token: undefined }),
    list: async (client, token) => await ask('GET', '/v1/stats', { client, token }),
  }
}

interface Asking {
  readonly client: Certificate | undefined
  readonly token: string | undefined
}

async function send(options: RequestOptions): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const sent = request(options, (answer) => {
      const pieces: Buffer[] = []
      answer.on('data', (piece: Buffer) => pieces.push(piece))
      answer.on('end', () => {
        const body = JSON.parse(Buffer.concat(pieces).toString()) as Answer['body']
        resolve({ status: answer.statusCode ?? 0, body })
      })
    })
    sent.on('error', reject)
    sent.end()
  })
}
