import { expect, test } from 'vitest'
import type { TaskKey } from '../model/digest.ts'
import { countHeld, holdKey, releaseKey } from './held-keys.ts'

const ONE = 'aa'.repeat(32) as TaskKey
const OTHER = 'bb'.repeat(32) as TaskKey

test('a key is held by every command that runs around us as it', () => {
  const env = holdKey(holdKey(holdKey({ PATH: '/bin' }, ONE), OTHER), ONE)

  expect(countHeld(env, ONE)).toBe(2)
  expect(countHeld(env, OTHER)).toBe(1)
  expect(env['PATH']).toBe('/bin')
})

test('nothing is held at the outermost', () => {
  expect(countHeld({}, ONE)).toBe(0)
})

test('a key that is released is held as often as before', () => {
  const env = holdKey(holdKey({}, ONE), OTHER)

  expect(releaseKey(holdKey(env, ONE), ONE)).toEqual(env)
  expect(releaseKey(releaseKey(env, ONE), OTHER)).toEqual({ TASKVAULT_RUNNING: undefined })
  expect(releaseKey({}, ONE)).toEqual({ TASKVAULT_RUNNING: undefined })
})
