import { readFileSync } from 'node:fs'
import path from 'node:path'
import { readSnippets } from '../../rig/read-snippets.ts'

/** A block of YAML of the action's page. */
export interface PageExample {
  readonly line: number
  readonly text: string
}

export const ACTION: string = path.resolve(import.meta.dirname, '../../../actions/cache-action')
export const PAGE: string = readFileSync(path.join(ACTION, 'README.md'), 'utf8')
export const EXAMPLES: readonly PageExample[] = readSnippets(PAGE).filter(
  ({ language }) => language === 'yaml',
)

/** A whole workflow around an example, which may be only the steps of a job, or its jobs. */
export function workflowOf(example: string): string {
  if (/^on:/m.test(example)) return example
  if (/^jobs:/m.test(example)) return `on: push\n${example}`
  const steps = example.replaceAll(/^(?=.)/gm, '      ')
  return `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
${steps}`
}
