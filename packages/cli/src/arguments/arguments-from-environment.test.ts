import { writeFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EXIT } from '../exit-codes.ts'
import { createProject, runMain } from '../testing/run-main.ts'
import { findArguments } from './arguments-from-environment.ts'

describe('findArguments', () => {
  test('gives every word as it was, whatever it consists of', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (words) => {
        const env = { WORDS: JSON.stringify(words) }

        expect(findArguments(['--args-from-env', 'WORDS'], env)).toEqual(words)
      }),
    )
  })

  test('leaves any other command line alone, also with the variable set', () => {
    const words = ['run', 'x', '--', 'tool', '--args-from-env', 'WORDS']

    expect(findArguments(words, { WORDS: '["cache","rm","x"]' })).toBe(words)
    expect(findArguments([], { WORDS: '["cache","rm","x"]' })).toEqual([])
  })
})

describe('taskvault --args-from-env', () => {
  test('does what the words say', async () => {
    const cwd = createProject()
    writeFileSync(path.join(cwd, "it's $HOME.txt"), 'x')

    const words = ['hash', "it's $HOME.txt", '--json']
    const meant = await runMain(words, { cwd })
    const ran = await runMain(['--args-from-env', 'WORDS'], {
      cwd,
      env: { WORDS: JSON.stringify(words) },
    })

    expect(ran.code).toBe(0)
    expect(ran).toEqual(meant)
  })

  test.each([
    ['no variable of that name', ['--args-from-env', 'WORDS'], {}],
    ['no JSON', ['--args-from-env', 'WORDS'], { WORDS: 'hash x' }],
    ['no array', ['--args-from-env', 'WORDS'], { WORDS: '"hash"' }],
    ['a word that is no text', ['--args-from-env', 'WORDS'], { WORDS: '["hash",1]' }],
    ['no name', ['--args-from-env'], { WORDS: '["hash"]' }],
    ['words besides', ['--args-from-env', 'WORDS', 'x'], { WORDS: '["hash"]' }],
  ])('is wrong usage with %s', async (_, words, env) => {
    const { code, stderr } = await runMain(words, { cwd: createProject(), env })

    expect(code).toBe(EXIT.usage)
    expect(stderr).toMatch(/^error: .*(WORDS|--args-from-env)/)
  })
})
