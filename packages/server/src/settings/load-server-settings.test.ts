import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { isTaskVaultError } from '@taskvault/core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { loadServerSettings } from './load-server-settings.ts'
import type { LoadServerRequest } from './load-server-settings.ts'

test('with nothing configured, SQLite and a folder on loopback are served, with authentication', async () => {
  const settings = await load(undefined, { env: { HOME: '/home/ann' } })

  expect(settings).toMatchObject({
    host: '127.0.0.1',
    port: 9999,
    dataDirectory: '/home/ann/.local/share/taskvault/server',
    databaseUrl: 'sqlite:/home/ann/.local/share/taskvault/server/server.db',
    bucketUrl: undefined,
    isAuthenticated: true,
    isDirect: false,
    tls: undefined,
    trust: { issuers: [] },
  })
})

test('without HOME, what is kept lies at home all the same', async () => {
  const { dataDirectory } = await load(undefined, { env: {} })

  expect(dataDirectory).toBe(path.join(os.homedir(), '.local/share/taskvault/server'))
})

test('the command line wins over the environment, and that over the file', async () => {
  const text = 'host: 10.0.0.1\nport: 1\ndata_dir: data\ndatabase: sqlite:own.db\n'

  const fromFile = await load(text)
  const fromEnv = await load(text, { env: { TASKVAULT_DATABASE_URL: 'postgres://u:p@h/d' } })
  const fromWords = await load(text, { host: '::1', port: 2, dataDirectory: 'elsewhere' })

  expect(fromFile).toMatchObject({ host: '10.0.0.1', port: 1 })
  expect(path.basename(fromFile.dataDirectory)).toBe('data')
  expect(fromFile.databaseUrl).toBe(
    `sqlite:${path.join(path.dirname(fromFile.dataDirectory), 'own.db')}`,
  )
  expect(fromEnv.databaseUrl).toBe('postgres://u:p@h/d')
  expect(fromWords).toMatchObject({ host: '::1', port: 2, dataDirectory: '/work/elsewhere' })
})

test('everything that can be said is understood', async () => {
  const settings = await load(`
host: 0.0.0.0
public_url: https://cache.example.com
database: postgres://vault@db1,db2/vault
bucket: s3://cache/ci?endpoint=https://s3.example.com
transfer: direct
tls: { certificate: tls/server.pem, key: /etc/server.key, client_ca: ca.pem, client_certificates: required }
issuers:
  - id: github
    kind: github
    audience: https://cache.example.com
    admits: [{ owner: 1234 }]
certificates: [{ uri: "spiffe://acme/ci" }]
policies:
  default: { fork_pull_requests: isolated, trusted_triggers: push }
sessions: { minutes: 10 }
quotas: { tenant_bytes: 1000, scope_bytes: 10 }
limits: { max_blob_bytes: 100, requests_per_second: 10, bytes_per_second: unlimited }
drain: { notice_seconds: 1, timeout_seconds: 2 }
log_level: warn
metrics: public
`)

  expect(settings).toMatchObject({
    publicUrl: 'https://cache.example.com',
    isDirect: true,
    tls: { keyPath: '/etc/server.key', requiresCertificate: true },
    trust: {
      sessionMs: 600_000,
      issuers: [{ id: 'github', admits: [{ tenant: 'default', owner: '1234' }] }],
      certificates: [{ uri: 'spiffe://acme/ci', tenant: 'default', writes: 'own' }],
      policies: { default: { forkPullRequests: 'isolated', trustedTriggers: ['push'] } },
    },
    engine: { tenantBytes: 1000, scopeBytes: 10, blobBytes: 100 },
    limits: {
      maxBlobBytes: 100,
      requests: { perSecond: 10, burst: 100 },
      bytes: { perSecond: Number.POSITIVE_INFINITY },
    },
    drainNoticeMs: 1000,
    drainMs: 2000,
    logLevel: 'warn',
    isMetricsPublic: true,
  })
  expect(path.isAbsolute(settings.tls?.certificatePath ?? '')).toBe(true)
})

describe('what is wrong is named with place, key, value and what is allowed', () => {
  test.each([
    [
      'port: 70000',
      'server.yaml:1:7: port: 70000 is not allowed; use a whole number from 0 to 65535',
    ],
    ['prot: 1', 'server.yaml:1:1: unknown key "prot"; did you mean "port"?'],
    ['tls:\n  cert: x', 'server.yaml:2:3: unknown key "tls.cert"; did you mean "certificate"?'],
    ['bucket: https://x', 'server.yaml:1:9: bucket: "https://x" is not allowed; use s3://bucket/'],
    ['issuers: github', 'server.yaml:1:10: issuers: "github" is not allowed; use a list'],
    [
      'issuers: [{ kind: gitea }]',
      'server.yaml:1:19: issuers.1.kind: "gitea" is not allowed; use one of: github',
    ],
    ['issuers: [{ kind: gitlab }]', 'issuers.1 has no `id`'],
    [
      'quotas:\n  scope: 1',
      'server.yaml:2:3: unknown key "quotas.scope"; did you mean "scope_bytes"?',
    ],
    ['sessions: { minutes: 61 }', 'sessions.minutes: 61 is not allowed; use a number from 1 to 60'],
    [
      'limits: { requests_per_second: -1 }',
      'requests_per_second: -1 is not allowed; use a number from 0.001',
    ],
    ['tls: { certificate: a }', '`tls` needs both'],
    ['transfer: direct', '`transfer: direct` needs a `bucket`'],
    ['host: [', 'server.yaml:1:8'],
  ])('%s', async (text, message) => {
    const error = await load(text).catch((thrown: unknown) => thrown)

    expect(isTaskVaultError(error, 'CONFIG_INVALID')).toBe(true)
    expect((error as Error).message).toContain(message)
  })

  test('but for passwords', async () => {
    const error = await load('database: mysql://vault:hunter2@db/x').catch(
      (thrown: unknown) => thrown,
    )

    expect(isTaskVaultError(error, 'CONFIG_INVALID')).toBe(true)
    expect(JSON.stringify(error) + String(error)).not.toContain('hunter2')
  })
})

test('callers go straight to a bucket unless they cannot reach it', async () => {
  const [direct, proxied] = await Promise.all([
    load('bucket: s3://cache'),
    load('bucket: s3://cache\ntransfer: proxied'),
  ])

  expect([direct.isDirect, proxied.isDirect]).toEqual([true, false])
})

test.each(['0.0.0.0', '::', '10.1.2.3', 'cache.example.com', '127.0.0.1.example.com'])(
  'without authentication nothing listens on %s',
  async (host) => {
    const error = await load('authentication: none', { host }).catch((thrown: unknown) => thrown)

    expect(isTaskVaultError(error, 'CONFIG_INVALID')).toBe(true)
  },
)

test.each(['127.0.0.1', '127.8.8.8', '::1', 'localhost'])(
  'without authentication this machine may be served, on %s',
  async (host) => {
    expect((await load('authentication: none', { host })).isAuthenticated).toBe(false)
  },
)

async function load(text: string | undefined, given: Partial<LoadServerRequest> = {}) {
  const request = { cwd: '/work', env: {}, configPath: undefined, defaultPort: 9999, ...given }
  if (text === undefined) return await loadServerSettings(request)
  const directory = mkdtempSync(path.join(os.tmpdir(), 'taskvault-settings-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const configPath = path.join(directory, 'server.yaml')
  writeFileSync(configPath, text)
  return await loadServerSettings({ ...request, configPath })
}
