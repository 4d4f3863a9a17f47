import { expect, test } from 'vitest'
import type { TaskKey } from '../model/digest.ts'
import { countHeld, holdKey } from './held-keys.ts'

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
