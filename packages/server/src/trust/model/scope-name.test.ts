import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { TRUST_LEVELS } from '../principal.ts'
import type { TrustLevel } from '../principal.ts'
import { isWholeRef } from './git-ref.ts'
import { scopeOf, splitScopeName } from './scope-name.ts'
import { matchesWorkflow } from './trust-policy.ts'

const NAMES = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/)
const REFS = fc
  .array(fc.stringMatching(/^[A-Za-z0-9äß_.@#%&=+-]{1,6}$/), { minLength: 1, maxLength: 4 })
  .map((words) => `refs/heads/${words.join('/')}`)
  .filter(isWholeRef)

const PARTS = fc.record({
  issuerId: NAMES,
  projectId: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,8}$/),
  level: fc.constantFrom(...(Object.keys(TRUST_LEVELS) as TrustLevel[])),
  place: fc.oneof(REFS, fc.nat().map(String), NAMES),
})

test('a scope is read back as what it was made of: no two have one name', () => {
  fc.assert(
    fc.property(PARTS, (parts) => {
      expect(splitScopeName(scopeOf(parts).name)).toEqual(parts)
    }),
  )
})

test('a text that no scope has is none', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const parts = splitScopeName(text)

      expect(parts === undefined || scopeOf(parts).name === text).toBe(true)
    }),
  )
})

const NO_SCOPES = `
github github:74 github:74/ github:74/protected github:74/protected: github:74/root:main /:/pr:1
github:74/toString:main GitHub:74/pr:1 github:7/4/pr:1 github:74/protected:refs/heads/../x`

test.each(['', 'github:74/protected:refs/heads/x\n', ...NO_SCOPES.trim().split(/\s/)])(
  '%j is no scope',
  (text) => {
    expect(splitScopeName(text)).toBeUndefined()
  },
)

test.each([
  ['a/b/release.yml@refs/heads/main', '*/release.yml@*', true],
  ['a/b/release.yml@refs/heads/main', 'a/b/release.yml@refs/heads/main', true],
  ['a/b/release.yml@refs/heads/main', 'a/b/release.yml', false],
  ['a/b/prerelease.yml@main', '*/release.yml@*', false],
  ['a/b/release.yml', '*', true],
  ['', '*', true],
  ['ab', 'ab*ab', false],
  ['abab', 'ab*ab', true],
  ['a.b', 'a?b', false],
  ['release', 'r*l*s*', true],
  ['release', 'r*x*e', false],
])('the workflow %j is of the pattern %j: %s', (text, pattern, isMatch) => {
  expect(matchesWorkflow(text, pattern)).toBe(isMatch)
})
