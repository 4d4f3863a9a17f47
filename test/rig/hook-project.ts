import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { openRig } from './rig.ts'
import type { Finished, Rig, RunOptions } from './rig.ts'

/**
 * A git repository with one task, `unit_tests`, that counts how often it runs and fails while
 * `src/broken` is there. Each method but `run` fails the test unless the process ends well.
 */
export interface HookProject extends AsyncDisposable {
  readonly rig: Rig
  /** Absolute; beside the project. */
  beside(name: string): string
  run(words: readonly string[], options?: RunOptions): Promise<Finished>
  git(words: readonly string[], options?: RunOptions): Promise<Finished>
  taskvault(words: readonly string[], options?: RunOptions): Promise<Finished>
  /** Stages everything and commits; may fail, as hooks decide. */
  commit(message: string, options?: RunOptions): Promise<Finished>
  /** How often the task has run. */
  countRuns(): number
}

export const TASK_FILES: Readonly<Record<string, string>> = {
  '.taskvault/config.yaml': `tasks:
  unit_tests:
    command: sh test.sh
    inputs: ['src/**', test.sh]
    outputs: []
    hooks: [pre-commit, pre-push]
`,
  '.taskvault/.gitignore': '/cache/\n/metrics/\n',
  'test.sh': 'echo "ran in $PWD" >>"$RUNS"\ntest ! -e src/broken\n',
  'src/a.txt': 'A',
}

/** Opens a repository with `files` besides the task's own; nothing is committed. */
export async function openHookProject(
  files: Readonly<Record<string, string>> = TASK_FILES,
): Promise<HookProject> {
  const rig = openRig(files)
  const root = path.dirname(rig.project)
  const runs = path.join(root, 'runs')
  writeFileSync(runs, '')
  writeFileSync(path.join(root, 'home/.gitconfig'), GIT_CONFIGURATION)
  const around = { GIT_CONFIG_NOSYSTEM: '1', RUNS: runs }
  rig.addCommand('git', `exec '${findGit()}' "$@"`)
  const run: HookProject['run'] = (words, options = {}) =>
    rig.run(words, { ...options, env: { ...around, ...options.env } })
  const runWell: HookProject['run'] = async (words, options) => {
    const finished = await run(words, options)
    if (finished.exitCode === 0) return finished
    throw new Error(`${words.join(' ')} failed: ${finished.stdout}${finished.stderr}`)
  }
  const project: HookProject = {
    rig,
    beside: (name) => path.join(root, name),
    run,
    git: (words, options) => runWell(['git', ...words], options),
    taskvault: (words, options) => runWell(['taskvault', ...words], options),
    commit: async (message, options) => {
      await project.git(['add', '-A'], options)
      return await run(['git', 'commit', '-q', '-m', message], options)
    },
    countRuns: () => readFileSync(runs, 'utf8').split('\n').length - 1,
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  }
  await project.git(['init', '-q', '-b', 'main'])
  return project
}

/** Makes a bare repository beside the project, and the project's `origin` of it. */
export async function addRemote(project: HookProject): Promise<string> {
  const remote = project.beside('remote.git')
  mkdirSync(remote)
  await project.git(['init', '-q', '--bare', remote])
  await project.git(['remote', 'add', 'origin', remote])
  return remote
}

const GIT_CONFIGURATION = `[user]
	name = A
	email = a@example.com
[protocol "file"]
	allow = always
[advice]
	ignoredHook = false
`

/** The git that whoever runs the tests would run, which need not be the system's. */
function findGit(): string {
  const directories = (process.env['PATH'] ?? '').split(path.delimiter)
  const candidates = directories.map((directory) => path.join(directory, 'git'))
  const found = candidates.find((candidate) => existsSync(candidate))
  if (found === undefined) throw new Error('These tests need git on PATH')
  return found
}
