import { expect, test } from 'vitest'
import { findNearestName } from './nearest-name.ts'

test.each([
  ['polices', 'policies'],
  ['Cache_Dir', 'cache_dir'],
  ['cahce_dir', 'cache_dir'],
  ['taskss', 'tasks'],
  ['cache', 'cache_dir'],
  ['colour', undefined],
  ['', undefined],
])('%s is near to %s', (typed, expected) => {
  expect(findNearestName(typed, ['cache_dir', 'policies', 'tasks'])).toBe(expected)
})
