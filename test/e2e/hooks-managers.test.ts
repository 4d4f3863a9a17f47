import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { expect, test } from 'vitest'
import { TASK_FILES, addRemote, openHookProject } from '../rig/hook-project.ts'
import type { HookProject } from '../rig/hook-project.ts'
import { findPythonProgram } from '../rig/python-program.ts'

/* The hook managers themselves, run by real commits with the examples of hooks/ as they stand there. */

const ROOT = path.resolve(import.meta.dirname, '../..')
const EXAMPLES = path.join(ROOT, 'hooks/examples')
const BIN = path.join(ROOT, 'test/node_modules/.bin')

test('husky runs it', async () => {
  await using project = await openManagedProject()
  await project.run([path.join(BIN, 'husky')])
  cpSync(path.join(EXAMPLES, 'husky'), project.rig.resolve('.husky'), { recursive: true })

  await commitAndPush(project)

  // We do not fight with it.
  const refused = await project.run(['taskvault', 'hooks', 'install', '--method', 'files'])
  expect(refused.exitCode).toBe(73)
  expect(refused.stderr).toContain('written by husky')
})

test('lefthook runs it', async (context) => {
  if (isGitTooOldForManagers()) return context.skip(TOO_OLD)
  await using project = await openManagedProject()
  cpSync(path.join(EXAMPLES, 'lefthook'), project.rig.project, { recursive: true })
  await project.run([path.join(BIN, 'lefthook'), 'install'])

  await commitAndPush(project)

  const refused = await project.run(['taskvault', 'hooks', 'install', '--method', 'files'])
  expect(refused.exitCode).toBe(73)
  expect(refused.stderr).toContain('written by lefthook')
})

test('what we say to add for lefthook is all that it needs', async (context) => {
  if (isGitTooOldForManagers()) return context.skip(TOO_OLD)
  await using project = await openManagedProject()
  project.rig.write('lefthook.yml', 'commit-msg:\n  jobs:\n    - run: test -s {1}\n')
  await project.run([path.join(BIN, 'lefthook'), 'install'])
  const { stderr } = await project.taskvault(['hooks', 'install', '--method', 'files'])
  await project.taskvault(['hooks', 'uninstall'])

  const [, advice = ''] = stderr.split('Add to lefthook.yml, and run `lefthook install`:\n')
  expect(advice).toContain('pre-push:')
  appendFileSync(project.rig.resolve('lefthook.yml'), advice)
  await project.run([path.join(BIN, 'lefthook'), 'install'])

  await commitAndPush(project)
})

test('the pre-commit framework runs it, from the repository that is published', async (context) => {
  if (isGitTooOldForManagers()) return context.skip(TOO_OLD)
  const framework = findPythonProgram('pre-commit')
  if (framework.kind === 'absent') return context.skip(framework.reason)
  await using project = await openManagedProject()
  const published = await publish(project)
  const example = readFileSync(path.join(EXAMPLES, 'pre-commit/.pre-commit-config.yaml'), 'utf8')
  const configuration = example.replace('https://github.com/taskvault/hooks', published)
  project.rig.write('.pre-commit-config.yaml', configuration)
  const installed = await project.run([framework.program, 'install'], frameworkHome(project))

  await commitAndPush(project, frameworkHome(project))

  expect(installed.stdout.match(/pre-commit installed at/g)).toHaveLength(3)
  const refused = await project.run(['taskvault', 'hooks', 'install', '--method', 'files'])
  expect(refused.exitCode).toBe(73)
  expect(refused.stderr).toContain('written by pre-commit')
})

test('the pre-commit framework takes over from our hooks, runs them, and lets them go', async (context) => {
  const framework = findPythonProgram('pre-commit')
  if (framework.kind === 'absent') return context.skip(framework.reason)
  await using project = await openManagedProject()
  const hook = '#!/bin/sh\necho mine >&2\n'
  project.rig.write('.git/hooks/pre-commit', hook)
  chmodSync(project.rig.resolve('.git/hooks/pre-commit'), 0o755)
  await project.taskvault(['hooks', 'install', '--method', 'files', '--hook', 'pre-commit'])
  project.rig.write('.pre-commit-config.yaml', 'repos: []\n')
  await project.run([framework.program, 'install'], frameworkHome(project))

  await project.commit('first', frameworkHome(project))
  const status = await project.taskvault(['hooks', 'status'])
  const doctor = await project.run(['taskvault', 'hooks', 'doctor'])
  await project.taskvault(['hooks', 'uninstall'])
  const second = await project.commit('second', frameworkHome(project))

  expect(status.stdout).toMatch(/^pre-commit +taskvault, then pre-commit /m)
  expect(doctor.stdout).not.toContain('no hook of TaskVault')
  expect(second.stderr).toContain('mine')
  expect(second.stderr).not.toContain('unit_tests')
  expect(project.countRuns()).toBe(1)
  expect(project.rig.read('.git/hooks/pre-commit.legacy')).toBe(hook)
})

test('what is published has its files where the framework looks, and no link that leads nowhere', async () => {
  await using project = await openHookProject({})
  const published = await publish(project)

  for (const name of ['.pre-commit-hooks.yaml', 'LICENSE', 'README.md', 'bin/taskvault-hook'])
    expect(existsSync(path.join(published, name)), name).toBe(true)
  const readme = readFileSync(path.join(published, 'README.md'), 'utf8')
  const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link = '']) => link)
  expect(links.filter((link) => !existsSync(path.join(published, link)))).toEqual([])
})

const TOO_OLD = 'lefthook and the pre-commit framework need git 2.31 themselves'

function isGitTooOldForManagers(): boolean {
  const [, major, minor] = /(\d+)\.(\d+)/.exec(execFileSync('git', ['--version'], UTF8)) ?? []
  return Number(major) === 2 && Number(minor) < 31
}

const UTF8 = { encoding: 'utf8' } as const

/** The whole life of some commits, and how often the task has run after each. */
async function commitAndPush(
  project: HookProject,
  options: Parameters<HookProject['run']>[1] = {},
): Promise<void> {
  const { rig } = project
  const counts: number[] = []
  const count = (): void => void counts.push(project.countRuns())

  const first = await project.commit('first', options)
  count()
  await project.git(['commit', '-q', '--amend', '-m', 'other words'], options)
  count()
  rig.write('README.md', 'hello')
  const documented = await project.commit('no input of the task', options)
  count()
  await project.git(['push', '-q', 'origin', 'main'], options)
  count()
  rig.write('src/a.txt', 'B')
  await project.git(['commit', '-q', '-a', '--no-verify', '-m', 'unasked'])
  await project.git(['push', '-q', 'origin', 'main'], options)
  count()
  rig.write('src/broken', '')
  const refused = await project.commit('broken', options)
  count()

  expect(first).toMatchObject({ exitCode: 0 })
  expect(`${documented.stdout}${documented.stderr}`).toContain('unit_tests: skipped')
  expect(refused.exitCode).not.toBe(0)
  // Once; neither for other words, nor for another file, nor by the push; by the push of what no hook
  // had seen; and the failure.
  expect(counts).toEqual([1, 1, 1, 1, 2, 3])
}

/** A project in which taskvault is installed as npm would, and which has a remote. */
async function openManagedProject(): Promise<HookProject> {
  const project = await openHookProject({
    ...TASK_FILES,
    '.gitignore': 'node_modules/\n',
    'package.json': '{ "private": true }',
  })
  mkdirSync(project.rig.resolve('node_modules/.bin'), { recursive: true })
  const command = path.join(ROOT, 'packages/cli/bin/taskvault.js')
  const script = `#!/bin/sh\nexec '${process.execPath}' '${command}' "$@"\n`
  writeFileSync(project.rig.resolve('node_modules/.bin/taskvault'), script, { mode: 0o755 })
  symlinkSync(
    path.join(ROOT, 'test/node_modules/lefthook'),
    project.rig.resolve('node_modules/lefthook'),
  )
  await addRemote(project)
  return project
}

/** The repository that `rev: v0.0.0` of the example is a tag of. */
async function publish(project: HookProject): Promise<string> {
  const published = project.beside('published')
  const script = path.join(ROOT, 'scripts/release-hooks.ts')
  const made = await project.run([process.execPath, script, published])
  expect(made).toMatchObject({ exitCode: 0, stderr: '' })
  const git = (...words: readonly string[]): Promise<unknown> =>
    project.git(['-C', published, ...words])
  await git('init', '-q')
  await git('add', '-A')
  await git('commit', '-q', '-m', 'v0.0.0')
  await git('tag', 'v0.0.0')
  return published
}

function frameworkHome(project: HookProject): { readonly env: Record<string, string> } {
  return { env: { PRE_COMMIT_HOME: project.beside('pre-commit-home') } }
}
