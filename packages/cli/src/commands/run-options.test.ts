import { describe, expect, test } from 'vitest'
import { createAdditions, patternFromRoot } from './run-options.ts'
import type { RunOptions } from './run-options.ts'

const NONE: RunOptions = {
  input: [],
  output: [],
  env: [],
  tool: [],
  explain: false,
  force: false,
  readOnly: false,
  save: true,
}

describe('a pattern', () => {
  test.each([
    ['/p', 'src/**', 'src/**'],
    ['/p/packages/a', 'src/**', 'packages/a/src/**'],
    ['/p/packages/a', '!src/*.test.ts', '!packages/a/src/*.test.ts'],
    ['/p/packages/a', '?.env', '?packages/a/.env'],
    ['/p/packages/a', '../b/src/**', 'packages/b/src/**'],
    ['/p/packages/a', '/p/root.json', 'root.json'],
    ['/p/packages/[x]', 'src/**', String.raw`packages/\[x\]/src/**`],
  ])('typed in %s, %s means %s', (cwd, pattern, meaning) => {
    expect(patternFromRoot(pattern, { cwd, projectRoot: '/p' })).toBe(meaning)
  })
})

describe('additions', () => {
  test('have outputs relative to the root, and the command where it was typed', () => {
    const place = { cwd: '/p/packages/a', projectRoot: '/p' }

    const additions = createAdditions(
      { ...NONE, output: ['dist', '../b', '/p/c'] },
      ['npm', 'test'],
      place,
    )

    expect(additions.outputs).toEqual(['packages/a/dist', 'packages/b', 'c'])
    expect(additions.command).toEqual({ line: ['npm', 'test'], directory: '/p/packages/a' })
  })

  test('have no command when none was typed', () => {
    expect(createAdditions(NONE, [], { cwd: '/p', projectRoot: '/p' }).command).toBeUndefined()
  })
})
