import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { TASK_FILES, addRemote, openHookProject } from '../rig/hook-project.ts'
import type { HookProject } from '../rig/hook-project.ts'

/* Hooks that `taskvault hooks install` puts in place, run by real commits and pushes. */

const PACKAGE = path.resolve(import.meta.dirname, '../../packages/cli')
const AS_FILES = ['hooks', 'install', '--method', 'files']

test('a commit runs the task once; the same content, and what it does not read, never again', async () => {
  await using project = await openHookProject()
  await addRemote(project)
  await project.taskvault(['hooks', 'install'])

  const first = await project.commit('first')
  const amended = await project.run(['git', 'commit', '-q', '--amend', '-m', 'other words'])
  project.rig.write('README.md', 'hello')
  await project.commit('no input of the task')
  await project.git(['push', '-q', 'origin', 'main'])

  expect([first.exitCode, amended.exitCode, project.countRuns()]).toEqual([0, 0, 1])
  expect(amended.stderr).toContain('unit_tests: skipped')
  project.rig.write('src/a.txt', 'B')
  await project.commit('an input')
  expect(project.countRuns()).toBe(2)
})

test('a task that fails keeps git from committing, unless git is told not to ask', async () => {
  await using project = await openHookProject()
  await project.taskvault(['hooks', 'install'])
  project.rig.write('src/broken', '')

  const refused = await project.commit('broken')
  const again = await project.commit('broken')
  const unasked = await project.run(['git', 'commit', '-q', '--no-verify', '-m', 'broken'])

  expect([refused.exitCode, again.exitCode, unasked.exitCode]).toEqual([1, 1, 0])
  // A failure is never reused.
  expect(project.countRuns()).toBe(2)
})

test('TASKVAULT_SKIP=0 runs what would have been skipped', async () => {
  await using project = await openHookProject()
  await project.taskvault(['hooks', 'install'])
  await project.commit('first')

  const words = ['git', 'commit', '-q', '--amend', '--no-edit']
  await project.run(words, { env: { TASKVAULT_SKIP: '0' } })

  expect(project.countRuns()).toBe(2)
})

test('after uninstalling, commits run nothing', async () => {
  await using project = await openHookProject()
  const hook = '#!/bin/sh\necho mine >&2\n'
  writeHook(project, '.git/hooks/pre-commit', hook)
  await project.taskvault(['hooks', 'install'])

  const { stdout } = await project.taskvault(['hooks', 'uninstall', '--json'])
  const committed = await project.commit('first')

  expect(JSON.parse(stdout)).toMatchObject({
    removed: ['pre-commit', 'pre-merge-commit', 'pre-push'],
  })
  expect(committed).toMatchObject({ exitCode: 0, stderr: 'mine\n' })
  expect(project.rig.read('.git/hooks/pre-commit')).toBe(hook)
  expect(project.countRuns()).toBe(0)
})

test('hooks that were there run as before: first, with git’s arguments and refs, and refusing', async () => {
  await using project = await openHookProject()
  await addRemote(project)
  // A link into the work tree, which is how hooks are shared by hand.
  writeHook(project, 'scripts/check', 'test ! -e no-commit')
  symlinkSync('../../scripts/check', project.rig.resolve('.git/hooks/pre-commit'))
  writeHook(project, '.git/hooks/pre-push', 'echo "$1" >pushed; cat >>pushed')
  await project.taskvault(AS_FILES)

  await project.commit('first')
  await project.git(['push', '-q', 'origin', 'main'])
  project.rig.write('no-commit', '')
  const refused = await project.commit('second')

  expect(project.rig.read('pushed')).toMatch(
    /^origin\nrefs\/heads\/main [0-9a-f]{40} refs\/heads\/main 0{40}\n$/,
  )
  expect(refused.exitCode).toBe(1)
  expect(project.countRuns()).toBe(1)
})

test('a merge is tested before it is committed', async () => {
  await using project = await openHookProject()
  await project.taskvault(['hooks', 'install'])
  await project.commit('first')
  await project.git(['switch', '-q', '-c', 'side'])
  project.rig.write('src/b.txt', 'B')
  await project.commit('side')
  await project.git(['switch', '-q', 'main'])
  project.rig.write('src/c.txt', 'C')
  await project.commit('main')

  await project.git(['merge', '-q', '--no-edit', 'side'])

  expect(project.countRuns()).toBe(4)
})

test('linked work trees share the hooks, and each tests what is its own', async () => {
  await using project = await openHookProject()
  await project.commit('first')
  const linked = project.beside('linked')
  await project.git(['worktree', 'add', '-q', '-b', 'other', linked])
  await project.taskvault(['-C', linked, 'hooks', 'install'])

  await project.git(['-C', linked, 'commit', '-q', '--allow-empty', '-m', 'there'])
  await project.git(['commit', '-q', '--allow-empty', '-m', 'here'])

  expect(readRuns(project)).toEqual([`ran in ${linked}`, `ran in ${project.rig.project}`])
})

test('a submodule has hooks of its own', async () => {
  await using project = await openHookProject()
  await project.commit('first')
  const outer = project.beside('outer')
  mkdirSync(outer)
  await project.git(['init', '-q', outer])
  await project.git(['-C', outer, 'submodule', '--quiet', 'add', project.rig.project, 'inner'])
  const inner = path.join(outer, 'inner')
  await project.taskvault(['-C', inner, 'hooks', 'install'])

  await project.git(['-C', outer, 'commit', '-q', '-m', 'outer'])
  expect(project.countRuns()).toBe(0)
  await project.git(['-C', inner, 'commit', '-q', '--allow-empty', '-m', 'inner'])
  expect(readRuns(project)).toEqual([`ran in ${inner}`])
  await project.taskvault(['-C', inner, 'hooks', 'uninstall'])
  expect(existsSync(path.join(outer, '.git/modules/inner/taskvault'))).toBe(false)
})

test('work trees of a bare repository get its hooks', async () => {
  await using project = await openHookProject()
  await project.commit('first')
  const bare = project.beside('bare.git')
  const linked = project.beside('of bare')
  await project.git(['clone', '-q', '--bare', project.rig.project, bare])
  await project.taskvault(['-C', bare, 'hooks', 'install'])
  await project.git(['-C', bare, 'worktree', 'add', '-q', linked, 'main'])

  await project.git(['-C', linked, 'commit', '-q', '--allow-empty', '-m', 'linked'])
  await project.git(['-C', bare, 'push', '-q', await addRemote(project), 'main'])

  expect(readRuns(project)).toEqual([`ran in ${linked}`])
})

test.each([
  ['in the work tree', 'local', 'my hooks', ['--shared']],
  ['elsewhere', 'local', '../my hooks', []],
  ['of all repositories', 'global', '../my hooks', ['--shared']],
] as const)('a core.hooksPath is followed: %s', async (_name, scope, place, words) => {
  await using project = await openHookProject()
  const directory = path.resolve(project.rig.project, place)
  const value = words.length > 0 && scope === 'local' ? place : directory
  await project.git(['config', `--${scope}`, 'core.hooksPath', value])
  await project.taskvault([...AS_FILES, ...words])

  const committed = await project.commit('first')

  expect(committed.exitCode).toBe(0)
  expect(project.countRuns()).toBe(1)
  expect(existsSync(path.join(directory, 'pre-commit'))).toBe(true)
  await project.taskvault(['hooks', 'uninstall'])
  expect(existsSync(directory)).toBe(false)
})

test('a project below the root of its repository is found from there', async () => {
  const files = Object.entries(TASK_FILES).map(([name, text]) => [
    `packages/it's web/${name}`,
    text,
  ])
  await using project = await openHookProject(Object.fromEntries(files))
  await project.taskvault(['hooks', 'install'], { directory: "packages/it's web" })

  await project.commit('first')
  await project.commit('nothing', { env: { GIT_DIR: '.git', GIT_WORK_TREE: '.' } })

  expect(readRuns(project)).toEqual([`ran in ${project.rig.resolve("packages/it's web")}`])
})

test('a program that knows neither taskvault nor its Node commits with both', async () => {
  await using project = await openHookProject()
  await project.taskvault(['hooks', 'install'])
  await project.git(['add', '-A'])

  const poor = { PATH: poorPath(project) }
  const committed = await project.run(['git', 'commit', '-q', '-m', 'first'], { env: poor })

  expect(committed.stderr).toContain('unit_tests: passed')
  expect(project.countRuns()).toBe(1)
})

test('a taskvault that is gone keeps nobody from committing, and one line says so', async () => {
  await using project = await openHookProject()
  const elsewhere = project.beside('to be removed')
  symlinkSync(PACKAGE, elsewhere)
  const launcher = path.join(elsewhere, 'bin/taskvault.js')
  await project.run([process.execPath, launcher, 'hooks', 'install'])
  rmSync(elsewhere)
  await project.git(['add', '-A'])

  const poor = { PATH: poorPath(project) }
  const committed = await project.run(['git', 'commit', '-q', '-m', 'first'], { env: poor })
  const { stdout } = await project.taskvault(['hooks', 'doctor', '--json'])

  expect(committed.exitCode).toBe(0)
  expect(committed.stderr).toMatch(/^taskvault: not found, so pre-commit goes on .*\n$/)
  expect(project.countRuns()).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({
    healthy: true,
    findings: Array.from({ length: 3 }, () => ({ kind: 'command-gone', serious: false })),
  })
})

test('a taskvault that cannot start keeps nobody from committing', async () => {
  await using project = await openHookProject()
  const launcher = project.beside('unbuilt/bin/taskvault.js')
  cpSync(path.join(PACKAGE, 'bin'), path.dirname(launcher), { recursive: true })
  writeFileSync(project.beside('unbuilt/package.json'), '{}')
  const start = [process.execPath, launcher]

  const asHook = await project.run([...start, '-C', '.', 'hooks', 'run', 'pre-commit'])
  const otherwise = await project.run([...start, 'run', 'unit_tests'])

  expect([asHook.exitCode, otherwise.exitCode]).toEqual([0, 69])
  expect(asHook.stderr).toContain('is not built')
})

test('of installations that start together one installs, and the hook from before is kept', async () => {
  await using project = await openHookProject()
  writeHook(project, '.git/hooks/pre-commit', 'echo mine >&2')

  const words = [...AS_FILES, '--json']
  const all = await Promise.all([1, 2, 3].map(() => project.taskvault(words)))
  const committed = await project.commit('first')

  const changed = all.filter(({ stdout }) => JSON.parse(stdout).changed === true)
  expect(changed).toHaveLength(1)
  expect(committed.stderr).toMatch(/^mine\n/)
  expect(project.countRuns()).toBe(1)
})

test('an installation that is killed at any moment can be taken back', async () => {
  await using project = await openHookProject()
  const hook = '#!/bin/sh\nexit 0\n'
  writeHook(project, '.git/hooks/pre-push', hook)
  const configuration = project.rig.read('.git/config')
  const startedAt = performance.now()
  await project.taskvault(['hooks', 'install'])
  const wholeMs = performance.now() - startedAt
  await project.taskvault(['hooks', 'uninstall'])

  for (const share of [0.5, 0.6, 0.7, 0.8, 0.9, 0.95]) {
    const running = project.rig.start(['taskvault', 'hooks', 'install'], {
      env: { GIT_CONFIG_NOSYSTEM: '1' },
    })
    await delay(wholeMs * share)
    killGroup(running.pid)
    await running.finished
    // A git that was killed while it wrote its configuration leaves its lock, as ever.
    project.rig.remove('.git/config.lock')
    await project.taskvault(['hooks', 'uninstall'])

    expect(readdirSync(project.rig.resolve('.git/hooks')).filter(isNoSample)).toEqual(['pre-push'])
    expect(project.rig.read('.git/hooks/pre-push')).toBe(hook)
    expect(project.rig.read('.git/config')).toBe(configuration)
  }
})

test('shellcheck finds nothing in the hooks', async (context) => {
  if (lacksShellcheck()) return context.skip('there is no shellcheck on this machine')
  await using project = await openHookProject()
  writeHook(project, '.git/hooks/pre-push', 'exit 0')
  await project.taskvault(AS_FILES)
  const hooks = ['pre-commit', 'pre-merge-commit', 'pre-push'].map((name) => `.git/hooks/${name}`)
  const published = path.resolve(import.meta.dirname, '../../hooks/bin/taskvault-hook')

  const checked = await project.run(['shellcheck', '--shell=sh', published, ...hooks])
  project.rig.write('faulty.sh', '#!/bin/sh\nrm $1\n')
  const control = await project.run(['shellcheck', '--shell=sh', 'faulty.sh'])

  expect(checked).toMatchObject({ exitCode: 0, stdout: '' })
  expect(control.exitCode).toBe(1)
})

test('where hooks cannot be, an installation that is only wished for ends well', async () => {
  await using project = await openHookProject()
  mkdirSync(project.beside('no repository'))
  const words = ['taskvault', '-C', project.beside('no repository'), 'hooks', 'install']

  const wanted = await project.run(words)
  const wished = await project.run([...words, '--if-possible'])
  const inCi = ['taskvault', 'hooks', 'install', '--if-possible']
  const integrated = await project.run(inCi, { env: { CI: 'true' } })

  expect(wanted).toMatchObject({ exitCode: 66 })
  expect(wished).toMatchObject({ exitCode: 0, stderr: '' })
  expect(wished.stdout).toContain('No hooks installed: There is no git repository')
  expect(integrated).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('in CI') })
  expect(project.rig.has('.git/hooks/pre-commit')).toBe(false)
})

test('the way is chosen by what this git can do, and the other one is refused or on request', async () => {
  await using project = await openHookProject()
  const runsConfigured = await runsConfiguredHooks(project)

  const installed = await project.taskvault(['hooks', 'install', '--json'])
  const asked = await project.run(['taskvault', 'hooks', 'install', '--method', 'config'])

  expect(JSON.parse(installed.stdout)).toMatchObject({
    method: runsConfigured ? 'config' : 'files',
  })
  expect(asked.exitCode).toBe(runsConfigured ? 0 : 73)
  expect(project.rig.read('.git/config').includes('taskvault-pre-push')).toBe(runsConfigured)
})

test('a hook whose script is gone from the repository keeps nobody from committing', async () => {
  await using project = await openHookProject()
  await project.taskvault(['hooks', 'install'])
  const runsConfigured = await runsConfiguredHooks(project)

  project.rig.remove('.git/taskvault')
  const committed = await project.commit('first')

  expect(committed.exitCode).toBe(0)
  // Hooks that are files do not need it.
  expect(committed.stderr.includes('is gone; pre-commit goes on')).toBe(runsConfigured)
})

test('status tells what runs, in what order, and by whom', async () => {
  await using project = await openHookProject()
  writeHook(project, '.git/hooks/pre-commit', 'true')
  writeHook(project, '.git/hooks/pre-push', 'call_lefthook run')
  await project.taskvault([...AS_FILES, '--hook', 'pre-commit'])

  const text = await project.taskvault(['hooks', 'status'])
  const { stdout } = await project.taskvault(['hooks', 'status', '--json'])

  expect(text.stdout).toMatch(/^pre-commit +the earlier hook, then taskvault +\/.*\/pre-commit$/m)
  expect(text.stdout).toMatch(/^pre-push +lefthook +\/.*\/pre-push$/m)
  expect(text.stdout).toMatch(/^pre-merge-commit +nothing$/m)
  expect(JSON.parse(stdout)).toMatchObject({
    directory: project.rig.resolve('.git/hooks'),
    hooksPath: null,
    hooks: [
      { hook: 'pre-commit', by: 'taskvault', method: 'files', edited: false, project: '.' },
      { hook: 'pre-merge-commit', by: null, method: null },
      { hook: 'pre-push', by: 'lefthook', method: null },
    ],
  })
})

test('the doctor fails where hooks do not run, and says what to do', async () => {
  await using project = await openHookProject()
  await project.taskvault(AS_FILES)
  const healthy = await project.run(['taskvault', 'hooks', 'doctor'])
  await project.git(['config', 'core.hooksPath', '.husky/_'])

  const ill = await project.run(['taskvault', 'hooks', 'doctor'])

  expect(healthy).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('will run') })
  expect(ill.exitCode).toBe(1)
  expect(ill.stdout).toContain('core.hooksPath is .husky/_')
  expect(ill.stdout).toContain('Add to .husky/pre-commit: taskvault hooks run pre-commit "$@"')
})

function writeHook(project: HookProject, relativePath: string, script: string): void {
  const target = project.rig.resolve(relativePath)
  mkdirSync(path.dirname(target), { recursive: true })
  writeFileSync(target, script.startsWith('#!') ? script : `#!/bin/sh\n${script}\n`)
  chmodSync(target, 0o755)
}

/** In CI it must be there. */
function lacksShellcheck(): boolean {
  if (process.env['CI'] === 'true') return false
  return spawnSync('shellcheck', ['--version']).status !== 0
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It was quicker.
  }
}

function isNoSample(name: string): boolean {
  return !name.endsWith('.sample') && !name.endsWith('.tmp')
}

function readRuns(project: HookProject): readonly string[] {
  return readFileSync(project.beside('runs'), 'utf8').split('\n').slice(0, -1)
}

async function runsConfiguredHooks(project: HookProject): Promise<boolean> {
  const { stdout } = await project.git(['version'])
  const [, major, minor] = /(\d+)\.(\d+)/.exec(stdout) ?? []
  return Number(major) > 2 || Number(minor) >= 54
}

/** What a program that the desktop started finds: git and the system, and nothing of a developer's. */
function poorPath(project: HookProject): string {
  const bin = project.beside('poor')
  mkdirSync(bin)
  for (const name of ['sh', 'cat', 'test', 'env']) symlinkSync(`/bin/${name}`, path.join(bin, name))
  symlinkSync(path.join(path.dirname(project.rig.project), 'bin/git'), path.join(bin, 'git'))
  return bin
}
