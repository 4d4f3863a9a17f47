import { readFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { readActionFile, renderActionPage } from '../../scripts/build-github-action.ts'
import { findPythonProgram } from '../rig/python-program.ts'
import { openLanguageService } from './github/language-service.ts'
import type { Lint } from './github/language-service.ts'
import { ACTION, EXAMPLES, PAGE, workflowOf } from './github/page-examples.ts'
import { checkSchema } from './github/schema-store.ts'

const PLACES = ['', 'restore', 'save']
const OWN_WORKFLOW = path.resolve(import.meta.dirname, '../../.github/workflows/ci.yml')

let lint: Lint
beforeAll(async () => {
  lint = await openLanguageService(new Map(PLACES.map((place) => [place, readActionFile(place)])))
}, 60_000)

describe("GitHub's language service", () => {
  test.each(PLACES)('finds nothing wrong with the action.yml in "%s"', async (place) => {
    const text = readFileSync(path.join(ACTION, place, 'action.yml'), 'utf8')

    expect(await lint('action.yml', text)).toEqual([])
    // The control.
    expect(await lint('action.yml', text.replace('node24', 'node2'))).not.toEqual([])
  })

  test.each(EXAMPLES)('finds nothing wrong with the example in line $line', async ({ text }) => {
    expect(await lint('.github/workflows/a.yml', workflowOf(text))).toEqual([])
    // The control.
    const wrong = text.includes('uses: taskvault')
      ? text.replace(/(?<=uses: taskvault[^]*)^( *)with:$/m, '$1with:\n$1  nope: 1')
      : text.replace('- run:', '- nope:')
    expect(String(await lint('.github/workflows/a.yml', workflowOf(wrong)))).toContain('nope')
  })

  test('finds nothing wrong with the workflow of this repository', async () => {
    const text = readFileSync(OWN_WORKFLOW, 'utf8')

    expect(await lint('.github/workflows/ci.yml', text)).toEqual([])
    // The control.
    const wrong = text.replace('runs-on', 'nope')
    expect(String(await lint('.github/workflows/ci.yml', wrong))).toContain('nope')
  })
})

describe('the schema of SchemaStore', () => {
  const checker = findPythonProgram('check-jsonschema')

  test.for(PLACES)('is kept by the action.yml in "%s"', (place, context) => {
    if (checker.kind === 'absent') return context.skip(checker.reason)
    const text = readFileSync(path.join(ACTION, place, 'action.yml'), 'utf8')
    const check = (changed: string) =>
      checkSchema(checker.program, { schema: 'github-actions', text: changed })

    expect(check(text)).toEqual([])
    // The control.
    expect(check(text.replace('node24', 'node2'))).toEqual([expect.stringContaining("'node2'")])
  })

  test.for(EXAMPLES)('is kept by the example in line $line', ({ text }, context) => {
    if (checker.kind === 'absent') return context.skip(checker.reason)
    const check = (changed: string) =>
      checkSchema(checker.program, { schema: 'github-workflows', text: workflowOf(changed) })

    expect(check(text)).toEqual([])
    // The control.
    expect(String(check(text.replace(/(uses|run): /, 'nope: ')))).toContain('steps')
  })
})

test('the page has the tables of action.yml as it is', () => {
  expect(renderActionPage(PAGE)).toBe(PAGE)
  expect(EXAMPLES.length).toBeGreaterThan(4)
  for (const name of Object.keys(readActionFile('').inputs))
    expect(PAGE).toContain(`| \`${name}\` |`)
})

test('the sub-actions take what the action takes, and say the same of it', () => {
  const { inputs, outputs } = readActionFile('')
  for (const place of PLACES) {
    const file = readActionFile(place)
    expect(Object.keys(inputs)).toEqual(expect.arrayContaining(Object.keys(file.inputs)))
    expect(Object.keys(outputs)).toEqual(expect.arrayContaining(Object.keys(file.outputs)))
    for (const [name, { default: standard }] of Object.entries(file.inputs))
      expect(standard).toBe(inputs[name]?.default)
  }
})

test('every use in the page is pinned to a commit', () => {
  const uses = [...PAGE.matchAll(/uses: (\S+)/g)].map(([, used]) => used)

  expect(uses.length).toBeGreaterThan(5)
  for (const used of uses)
    expect(used).toMatch(/^(taskvault\/cache-action(\/\w+)?|actions\/\w+)@[0-9a-f]{40}$/)
})
