import { expect, test } from 'vitest'
import type { Principal } from '../../trust/principal.ts'
import { createPrincipalCache } from './principal-cache.ts'

const CALLER = { authorization: 'Bearer one', remoteAddress: '127.0.0.1', certificate: undefined }
const HOUR_MS = 3_600_000

test('a caller is remembered for five seconds, and not beyond the end of a session', async () => {
  const scene = createScene({ expiresAtMs: HOUR_MS + 3000 })
  await scene.cache.authenticate(CALLER)

  expect(scene.isKnownAfter(2999)).toBe(true)
  expect(scene.isKnownAfter(1)).toBe(false)
  const other = createScene({})
  await other.cache.authenticate(CALLER)
  expect(other.isKnownAfter(4999)).toBe(true)
  expect(other.isKnownAfter(1)).toBe(false)
})

test('a clock that is set back does not make a caller known for longer', async () => {
  const { cache, isKnownAfter } = createScene({})
  await cache.authenticate(CALLER)

  expect(isKnownAfter(-HOUR_MS)).toBe(false)
})

test('a caller who is forgotten while being looked up is not remembered', async () => {
  const { cache, isKnownAfter } = createScene({})
  const looked = cache.authenticate(CALLER)
  cache.forgetTenant('a')
  await looked

  expect(isKnownAfter(0)).toBe(false)
})

function createScene(principal: Partial<Principal>) {
  let nowMs = HOUR_MS
  const authenticate = async (): Promise<Principal> =>
    ({ tenantId: 'a', ...principal }) as Principal
  const cache = createPrincipalCache({ authenticate }, () => nowMs)
  return {
    cache,
    isKnownAfter(ms: number): boolean {
      nowMs += ms
      return cache.recall(CALLER) !== undefined
    },
  }
}
