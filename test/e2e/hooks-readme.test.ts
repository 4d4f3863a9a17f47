import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { findBrokenPromises } from '../rig/check-document.ts'
import { addRemote, openHookProject } from '../rig/hook-project.ts'

const README = readFileSync(path.join(import.meta.dirname, '../../hooks/README.md'), 'utf8')

test('every command of the README of the hooks works, and prints what it says', async () => {
  await using project = await openHookProject({
    'package.json': '{ "name": "adder" }\n',
    'src/add.js': 'export const add = (a, b) => a + b\n',
    'test/add.test.js': '// Tested by a stand-in.\n',
  })
  await addRemote(project)
  // What would reach for the network, or into node_modules, which are not this project's.
  project.rig.addCommand('npm', '[ "$1" = install ] || echo "all tests passed"')
  project.rig.addCommand('npx', 'exec "$@"')

  const broken = await findBrokenPromises({ name: 'README.md', markdown: README }, project.run)

  expect(broken).toEqual([])
})
