import { describe, expect, test } from 'vitest'
import { createAdditions } from './run-options.ts'
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
