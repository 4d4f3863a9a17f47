import { readFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { findBrokenPromises } from '../rig/check-document.ts'
import { readSnippets } from '../rig/read-snippets.ts'
import { openRig } from '../rig/rig.ts'
import type { Rig } from '../rig/rig.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const CORE = pathToFileURL(path.join(ROOT, 'packages/core/dist/index.mjs')).href

test.each(['README.md', 'packages/cli/README.md', 'packages/server/README.md'])(
  'every command of %s works, and prints what it says',
  async (name) => {
    await using rig = openProjectRig()

    const broken = await findBrokenPromises({ name, markdown: read(name) }, rig.run)

    expect(broken).toEqual([])
  },
)

test.each([
  ['README.md', /^Cache hit: 26 bytes\nModel: 13 bytes\n/],
  ['packages/core/README.md', /^Model: 7 bytes \(made\)\n/],
])('the program of %s works as it stands', async (name, output) => {
  await using rig = openProjectRig()
  const program = readSnippets(read(name)).find(({ language }) => language === 'ts')
  await rig.taskvault(['init'])

  rig.write('program.ts', program?.text.replace(`'@taskvault/core'`, JSON.stringify(CORE)) ?? '')
  const finished = await rig.run(['node', 'program.ts'])

  expect(finished).toMatchObject({ exitCode: 0, stderr: '' })
  expect(finished.stdout).toMatch(output)
})

test('a README that promises something else is noticed', async () => {
  await using rig = openProjectRig()
  const readme = '```console\n$ echo one; echo two\none\nthree\n```\n```bash\nfalse\n```\n'

  const broken = await findBrokenPromises({ name: 'README.md', markdown: readme }, rig.run)

  expect(broken).toHaveLength(2)
})

function read(name: string): string {
  return readFileSync(path.join(ROOT, name), 'utf8')
}

/** The project that the README speaks of: something to test, and something to train. */
function openProjectRig(): Rig {
  const rig = openRig({
    'package.json': '{ "name": "adder", "version": "1.0.0", "type": "module" }\n',
    'src/add.js': 'export const add = (a, b) => a + b\n',
    'test/add.test.js': [
      `import test from 'node:test'`,
      `import assert from 'node:assert'`,
      `import { add } from '../src/add.js'`,
      `test('adds', () => assert.equal(add(1, 2), 3))`,
      '',
    ].join('\n'),
    'data.csv': 'x,y\n1,2\n',
  })
  // What would reach for the network, or take hours: only what it leaves behind matters here.
  rig.addCommand('git', '[ "$1" = clone ] && mkdir -p taskvault')
  rig.addCommand('npm', standInForNpm())
  rig.addCommand('python', 'cat "$3" && echo "a model"')
  return rig
}

/** Runs a project's tests; in a checkout of TaskVault, only makes sure that the script exists. */
function standInForNpm(): string {
  const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>
  }
  return `
case "\${PWD##*/} $*" in
  ${Object.keys(scripts)
    .map((name) => `"taskvault run ${name}"`)
    .join(' | ')} | "taskvault test") exit 0 ;;
  *" test") exec node --test --test-reporter=tap ;;
  *) echo "npm: no script for $*" >&2; exit 1 ;;
esac`
}
