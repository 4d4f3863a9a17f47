import { expect, test } from 'vitest'
import { accessOfKey } from './key-access.ts'
import { planKey } from './plan-key.ts'
import type { ApiKey, KeyRequest } from './plan-key.ts'

const DAY = 24 * 3_600_000

test.each([
  { name: '' },
  { name: 'a b' },
  { name: 'anna/protected' },
  { name: 'x'.repeat(65) },
  { name: 'anna', project: 'acme' },
  { name: 'anna', project: 'github:74/protected:refs/heads/main' },
  { name: 'anna', writes: 'protected' },
  { name: 'anna', writes: 'protected:' },
  { name: 'anna', writes: 'admin:main' },
  { name: 'anna', writes: 'untrusted:main' },
  { name: 'anna', writes: 'dev:bert' },
  { name: 'anna', writes: 'protected:refs/heads/../main' },
  { name: 'anna', reads: ['..'] },
  { name: 'anna', expiresInMs: 0 },
  { name: 'anna', expiresInMs: 367 * DAY },
  { name: 'anna', expiresInMs: Number.NaN },
])('no key is made of %j', (request) => {
  expect(() => plan(request)).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' }))
})

test.each([
  [{ name: 'anna' }, 'local:default/dev:anna', 'engineer'],
  [{ name: 'boss', role: 'admin' }, 'local:default/dev:boss', 'admin'],
  [{ name: 'eve', role: 'viewer' }, undefined, 'viewer'],
  [{ name: 'eve', role: 'viewer', writes: 'own' }, undefined, 'viewer'],
  [{ name: 'guest', role: 'external' }, undefined, 'external'],
  [{ name: 'ro', writes: 'nothing' }, undefined, 'engineer'],
  [
    { name: 'jenkins', project: 'jenkins:shop', writes: 'protected:refs/heads/main' },
    'jenkins:shop/protected:refs/heads/main',
    'engineer',
  ],
  [{ name: 'pr', writes: 'pr:17' }, 'local:default/pr:17', 'engineer'],
] as const)('the key %j writes %s', (request, writes, role) => {
  const access = accessOfKey(plan(request))

  expect(access.writes?.name).toBe(writes)
  expect(access.role).toBe(role)
})

test('a key reads its own scope, then what is protected, each once', () => {
  const key = plan({ name: 'ci', writes: 'protected:refs/heads/main', reads: ['main', 'next'] })

  const names = accessOfKey(key).reads.map(({ name }) => name)

  expect(names).toEqual([
    'local:default/protected:refs/heads/main',
    'local:default/protected:refs/heads/next',
  ])
})

test('a key lasts 90 days when nothing is said', () => {
  expect(plan({ name: 'anna' }).expiresAtMs).toBe(90 * DAY)
})

function plan(request: KeyRequest): ApiKey {
  return planKey(request, { id: '0', tenantId: 'default', nowMs: 0 })
}
