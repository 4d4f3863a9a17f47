import { describe, expect, test } from 'vitest'
import { exclusionOf, patternFromRoot } from './paths-from-root.ts'

describe('a pattern', () => {
  test.each([
    ['/p', 'src/**', 'src/**'],
    ['/p/packages/a', 'src/**', 'packages/a/src/**'],
    ['/p/packages/a', '!src/*.test.ts', '!packages/a/src/*.test.ts'],
    ['/p/packages/a', '?.env', '?packages/a/.env'],
    ['/p/packages/a', '../b/src/**', 'packages/b/src/**'],
    ['/p/packages/a', '/p/root.json', 'root.json'],
    ['/p/packages/a', '!/q/root.json', '!/q/root.json'],
    ['/p/packages/[x]', 'src/**', String.raw`packages/\[x\]/src/**`],
  ])('typed in %s, %s means %s', (cwd, pattern, meaning) => {
    expect(patternFromRoot(pattern, { cwd, projectRoot: '/p' })).toBe(meaning)
  })
})

describe('the exclusion of a file', () => {
  test.each([
    ['/p/a/result.json', '!a/result.json'],
    ['/p/[x]/re?ult*', String.raw`!\[x\]/re\?ult\*`],
    ['/q/result.json', undefined],
    ['/p', undefined],
  ])('%s is %s', (file, exclusion) => {
    expect(exclusionOf(file, '/p')).toBe(exclusion)
  })
})
