import { afterAll, beforeAll, expect, test } from 'vitest'
import { startVaultServer } from '../../../../test/rig/start-vault-server.ts'
import type { VaultServer } from '../../../../test/rig/start-vault-server.ts'
import { ROLES, isAllowed } from './model/roles.ts'
import type { Action } from './model/roles.ts'
import type { Role, Scope } from './principal.ts'

const KEY = 'ab'.repeat(32)
const BLOB = `blake3-${KEY}`
const DRAFT = {
  manifest: { name: BLOB, sizeBytes: 1 },
  packs: [],
  sizeBytes: 1,
  fileCount: 1,
  exitCode: 0,
  durationMs: 1,
  origin: {},
}

interface Route {
  /** As the server's own document calls it. */
  readonly name: string
  readonly action: Action | 'anybody'
  readonly body?: unknown
}

/** What each route of our protocol takes. One that is new has to be named here. */
const ROUTES: readonly Route[] = [
  { name: 'POST /v1/blobs/missing', action: 'blobs:read', body: { names: [BLOB] } },
  {
    name: 'POST /v1/blobs/uploads',
    action: 'blobs:write',
    body: { blobs: [{ name: BLOB, sizeBytes: 1 }] },
  },
  {
    name: 'POST /v1/blobs/confirm',
    action: 'blobs:write',
    body: { blobs: [{ name: BLOB, sizeBytes: 1 }] },
  },
  { name: 'GET /v1/blobs/{name}', action: 'blobs:read' },
  { name: 'PUT /v1/blobs/{name}', action: 'blobs:write', body: 'x' },
  { name: 'POST /v1/blobs/{name}/check', action: 'blobs:write' },
  { name: 'GET /v1/tasks/{task}/entries/{key}', action: 'entries:find' },
  { name: 'PUT /v1/tasks/{task}/entries/{key}', action: 'entries:publish', body: DRAFT },
  { name: 'GET /v1/tasks/{task}/nearest', action: 'entries:list' },
  { name: 'GET /v1/entries', action: 'entries:list' },
  { name: 'GET /v1/entries/{id}', action: 'entries:find' },
  { name: 'DELETE /v1/entries/{id}', action: 'entries:remove' },
  { name: 'GET /v1/entries/{id}/why', action: 'entries:why' },
  {
    name: 'POST /v1/entries/{id}/quarantine',
    action: 'entries:quarantine',
    body: { because: 'test' },
  },
  { name: 'POST /v1/invalidate', action: 'entries:invalidate', body: { task: 't' } },
  { name: 'GET /v1/stats', action: 'stats:read' },
  { name: 'GET /v1/audit', action: 'audit:read' },
  { name: 'GET /v1/audit/verify', action: 'audit:read' },
  { name: 'GET /v1/keys', action: 'keys:manage' },
  { name: 'POST /v1/keys', action: 'keys:manage', body: { name: 'another' } },
  { name: 'DELETE /v1/keys/{id}', action: 'keys:manage' },
  { name: 'HEAD /v1/blobs/{name}', action: 'blobs:read' },
  { name: 'GET /v1/tenants', action: 'tenants:manage' },
  { name: 'POST /v1/tenants', action: 'tenants:manage', body: { id: 'acme' } },
  { name: 'POST /v1/session', action: 'anybody', body: {} },
  { name: 'DELETE /v1/session', action: 'anybody' },
  { name: 'GET /v1/signing-keys', action: 'anybody' },
]

/** Keys of every role, and of an engineer who may write nothing. */
const CALLERS: readonly (readonly [string, Role, boolean])[] = [
  ...ROLES.map((role) => [role, role, role !== 'viewer'] as const),
  ['engineer without a scope', 'engineer', false],
]

let server: VaultServer
const secrets = new Map<string, string>()

beforeAll(async () => {
  server = await startVaultServer()
  for (const [name, role, writes] of CALLERS) {
    const body = { name: name.replaceAll(' ', '-'), role, writes: writes ? 'own' : 'nothing' }
    const answer = await ask('POST', '/v1/keys', { token: server.key, body })
    const { secret } = (await answer.json()) as { readonly secret: string }
    secrets.set(name, secret)
  }
})

afterAll(async () => await server[Symbol.asyncDispose]())

test('every route of the protocol has its line here', async () => {
  const answer = await fetch(new URL('/openapi.json', server.url))
  const { paths } = (await answer.json()) as { readonly paths: Readonly<Record<string, object>> }

  const found = Object.entries(paths)
    .filter(([path]) => path.startsWith('/v1/'))
    .flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )

  expect(new Set(ROUTES.map(({ name }) => name))).toEqual(new Set(found))
})

test.each(CALLERS)(
  'a key of %s may do what its role may, on every route',
  async (name, role, hasScope) => {
    const scope: Scope = { level: 'dev', name: 'local:default/dev:somebody' }
    const who = { role, tenantId: 'default', writes: hasScope ? scope : undefined }

    const answers: string[] = []
    const expected: string[] = []
    for (const { name: route, action, body } of ROUTES) {
      const { status } = await call(route, { token: secrets.get(name) ?? '', body })
      const isFree = action === 'anybody' || isAllowed(who, action)
      answers.push(
        `${route} ${status === 403 ? 'refused' : status < 500 && status !== 401 ? 'allowed' : status}`,
      )
      expected.push(`${route} ${isFree ? 'allowed' : 'refused'}`)
    }

    expect(answers).toEqual(expected)
  },
)

test('without a key, or with one of nobody, every route but the public ones is closed', async () => {
  for (const token of [
    undefined,
    `tv_${'0'.repeat(24)}_${'A'.repeat(43)}00000000`,
    'tvs_x',
    'a.b.c',
  ]) {
    for (const { name, body } of ROUTES.filter((route) => !/signing-keys/.test(route.name))) {
      const { status } = await call(name, { token, body })

      expect(`${name} ${status}`).toBe(`${name} 401`)
    }
  }
})

test('the administrator of another tenant is one there, and nobody here', async () => {
  const made = await ask('POST', '/v1/tenants', { token: server.key, body: { id: 'other' } })
  const { adminKey: token } = (await made.json()) as { readonly adminKey: string }
  const { keys } = (await (await ask('GET', '/v1/keys', { token: server.key })).json()) as Keys
  const own = (await (await ask('GET', '/v1/keys', { token })).json()) as Keys

  const answers = await Promise.all([
    ...keys.map(async ({ id }) => await ask('DELETE', `/v1/keys/${id}`, { token })),
    ask('GET', '/v1/tenants', { token }),
    ask('POST', '/v1/tenants', { token, body: { id: 'more' } }),
  ])

  expect(keys.length).toBeGreaterThan(4)
  expect(own.keys).toHaveLength(1)
  expect(answers.map(({ status }) => status)).toEqual([...keys.map(() => 404), 403, 403])
})

interface Keys {
  readonly keys: readonly { readonly id: string }[]
}

test('no key, and no session’s token, is in the log, the metrics or a refusal', async () => {
  const [secret = ''] = secrets.values()
  const opened = await ask('POST', '/v1/session', { token: secret, body: {} })
  const { token } = (await opened.json()) as { readonly token: string }
  const said: string[] = []
  for (const text of [secret, token]) {
    for (const wrong of [text, `${text}x`, `${text.slice(0, -1)}0`]) {
      const answer = await ask('POST', `/v1/session?token=${wrong}`, { token: wrong, body: 'x' })
      said.push(await answer.text(), [...answer.headers.values()].join(' '))
    }
  }

  const metrics = await (await ask('GET', '/metrics', { token: secret })).text()
  const all = [server.log(), metrics, ...said].join('\n')

  expect(server.log()).toContain('session')
  expect(metrics).toContain('taskvault_')
  for (const text of [secret, token]) expect(all).not.toContain(text.slice(28, 60))
})

interface Sent {
  readonly token: string | undefined
  readonly body?: unknown
}

async function call(route: string, sent: Sent): Promise<Response> {
  const [method = '', path = ''] = route.split(' ')
  const filled = path
    .replace('{name}', BLOB)
    .replace('{task}', 'unit')
    .replace('{key}', KEY)
    .replace('{id}', '0'.repeat(38))
  return await ask(method, filled, sent)
}

async function ask(method: string, path: string, { token, body }: Sent): Promise<Response> {
  const isText = typeof body === 'string'
  const answer = await fetch(new URL(path, server.url), {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && {
        'content-type': isText ? 'application/octet-stream' : 'application/json',
      }),
    },
    ...(body !== undefined && { body: isText ? body : JSON.stringify(body) }),
  })
  return answer
}
