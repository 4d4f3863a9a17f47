import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadSettings } from '../../config/load-settings.ts'
import { parseTaskName } from '../../model/task.ts'
import { gitEnvironment, openProject } from '../../testing/temporary-project.ts'
import type { TemporaryProject } from '../../testing/temporary-project.ts'
import { unknownTask } from './unknown-task.ts'

test.each([
  ['', ['--cone']],
  ['', ['--cone', '--sparse-index']],
  ['', ['--no-cone']],
  ['apps/web/', ['--cone']],
])(
  'a configuration in %j that is not checked out (%j) is named, and what is told helps',
  async (prefix, mode) => {
    using project = openProject({
      [`${prefix}.taskvault/config.yaml`]: 'tasks: { build: { command: make } }',
      'apps/web/src/a.ts': '',
      'other/b.ts': '',
    })
    commitAll(project)
    project.git('sparse-checkout', 'set', ...mode, 'apps/web/src')
    const hint = await hintIn(join(project.root, 'apps/web/src'), 'build')

    const words = /`git (sparse-checkout add \S+)` in (.*)\.$/.exec(hint)
    project.git(...words![1]!.split(' '))

    expect(hint).toContain(`${prefix}.taskvault/config.yaml is tracked by git, but not checked out`)
    expect(words![2]).toBe(project.root)
    expect(
      (await loadSettings({ cwd: join(project.root, 'apps/web/src'), env: {} })).tasks,
    ).toHaveProperty('build')
  },
)

test('where none is tracked, or there is no git, none was found', async () => {
  using project = openProject({ 'src/a.ts': '' })
  commitAll(project)
  using plain = openProject({ 'src/a.ts': '' })

  expect(await hintIn(project.root, 'build')).toContain('No .taskvault/config.yaml')
  expect(await hintIn(plain.root, 'build')).toContain('No .taskvault/config.yaml')
})

test('the file that was removed by hand is not said to be left out', async () => {
  using project = openProject({ '.taskvault/config.yaml': '' })
  commitAll(project)
  project.remove('.taskvault')

  expect(await hintIn(project.root, 'build')).toContain('No .taskvault/config.yaml')
})

function commitAll({ git }: TemporaryProject): void {
  git('init', '--quiet')
  git('add', '--all', '--force')
  git('commit', '--quiet', '-m', 'all')
}

async function hintIn(cwd: string, task: string): Promise<string> {
  mkdirSync(cwd, { recursive: true })
  const settings = await loadSettings({ cwd, env: {} })
  return unknownTask(parseTaskName(task), { settings, env: gitEnvironment() }).hint ?? ''
}
