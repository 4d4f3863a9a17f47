import { readFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { readActionFile, renderActionPage } from '../../scripts/build-github-action.ts'
import { openLanguageService } from './github/language-service.ts'
import type { Lint } from './github/language-service.ts'

const ACTION = path.resolve(import.meta.dirname, '../../actions/cache-action')
const PLACES = ['', 'restore', 'save']
const PAGE = readFileSync(path.join(ACTION, 'README.md'), 'utf8')
const EXAMPLES = [...PAGE.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) => text)

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

  test.each(EXAMPLES)('finds nothing wrong with the example %$ of the page', async (steps) => {
    expect(await lint('.github/workflows/a.yml', workflowOf(steps))).toEqual([])
    // The control.
    const wrong = steps.replace(/^ {2}with:$/m, '  with:\n    nope: 1')
    expect(String(await lint('.github/workflows/a.yml', workflowOf(wrong)))).toContain('nope')
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
  for (const used of uses) expect(used).toMatch(/^taskvault\/cache-action(\/\w+)?@[0-9a-f]{40}$/)
})

function workflowOf(steps: string): string {
  const indented = steps.replaceAll(/^(?=.)/gm, '      ')
  return [
    'on: push',
    'jobs:',
    '  test:',
    '    runs-on: ubuntu-latest',
    '    strategy:',
    '      matrix: { os: [a], node: [24] }',
    '    steps:',
    indented,
  ].join('\n')
}
