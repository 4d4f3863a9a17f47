import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { readSnippets } from '../rig/read-snippets.ts'
import { openRig } from '../rig/rig.ts'

const CONFIGURATION = path.join(import.meta.dirname, '../../docs/configuration.md')
const examples = readSnippets(readFileSync(CONFIGURATION, 'utf8')).filter(
  ({ language }) => language === 'yaml',
)

test('the page about configuration has examples', () => {
  expect(examples.length).toBeGreaterThan(2)
})

test.each(examples)(
  'the example at line $line of docs/configuration.md is valid',
  async ({ text }) => {
    await using rig = openRig({ '.taskvault/config.yaml': text })

    const validated = await rig.taskvault(['config', 'validate'])

    expect(validated).toMatchObject({ exitCode: 0, stderr: '' })
  },
)
