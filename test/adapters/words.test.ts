import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { asMap, readComponent } from './gitlab/component.ts'

/* The page that compares the words of all adapters, held to what each of them takes. */

const ROOT = path.resolve(import.meta.dirname, '../..')
const ORB = asMap(parse(read('orbs/taskvault/src/commands/run_task.yml')))
const JENKINS = read('jenkins-library/src/io/taskvault/Parameters.groovy')
/** Columns after that of the command, with the words that the adapter takes. */
const TAKEN: readonly (readonly [string, (word: string) => boolean])[] = [
  ['GitLab', isKeyOf(componentInputs())],
  ['CircleCI', isKeyOf(asMap(ORB['parameters']))],
  ['Jenkins', (word) => word === 'dir' || JENKINS.includes(`'${word}'`)],
  ['GitHub', isKeyOf(asMap(asMap(parse(read('actions/cache-action/action.yml')))['inputs']))],
]
const rows = [...read('docs/ci.md').matchAll(/^\| (?!What|---)(.*) \|$/gm)].map(([, row = '']) =>
  row.split(' | '),
)

describe.each(TAKEN.map(([adapter, takes], index) => ({ adapter, takes, column: index + 2 })))(
  'what the page about CI says of $adapter',
  ({ takes, column }) => {
    test('are words that it takes', () => {
      const words = rows.flatMap((cells) => [...(cells[column] ?? '').matchAll(/`([^`]+)`/g)])

      expect(words.length).toBeGreaterThan(8)
      expect(words.map(([, word = '']) => word).filter((word) => !takes(word))).toEqual([])
    })
  },
)

test('a word that nobody takes would be found', () => {
  expect(TAKEN.map(([, takes]) => takes('outputz'))).toEqual([false, false, false, false])
})

function componentInputs(): Readonly<Record<string, unknown>> {
  return readComponent(path.join(ROOT, 'gitlab-templates/templates/run/template.yml')).inputs
}

function isKeyOf(words: Readonly<Record<string, unknown>>): (word: string) => boolean {
  return (word) => Object.hasOwn(words, word)
}

function read(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8')
}
