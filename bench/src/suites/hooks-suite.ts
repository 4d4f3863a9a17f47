import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateTree } from '../data/generated-tree.ts'
import type { Contestant, Row } from '../measure/row.ts'
import type { Target } from '../measure/row.ts'
import type { Command } from '../measure/run-timed.ts'
import { atMostMore, atMostTimes } from '../measure/targets.ts'
import { type Bench, type Suite, execute, freshPath, outputOf, time } from './bench.ts'
import { createProject, taskvault } from './taskvault.ts'

const FILES = 20_000
const CONFIGURATION = `tasks:
  unit_tests:
    command: 'true'
    inputs: ['src/**', package.json]
    hooks: [pre-commit, pre-push]
`

/** A git hook as a process, in a repository of 20,000 files: deciding to skip a task that passed before. */
export const hooksSuite: Suite = {
  name: 'hooks',
  needsBytes: 0.4e9,
  createRows: (bench) => {
    const project = freshPath(bench, 'hooks', 'project')
    return [
      {
        ...row(bench, project, {
          name: 'hooks-other-file',
          operation: 'pre-commit, when a file is staged that no task reads',
          prepare: () => stage(project, 'README.md'),
          hook: 'pre-commit',
        }),
        setUp: () => createRepository(bench, project),
      },
      row(bench, project, {
        name: 'hooks-same-content',
        operation: 'pre-commit of the same content, as for other words',
        hook: 'pre-commit',
      }),
      row(bench, project, {
        name: 'hooks-push',
        operation: 'pre-push of a commit that passed as it was made',
        prepare: () => commit(bench, project),
        hook: 'pre-push',
      }),
      row(bench, project, {
        name: 'hooks-miss',
        operation: 'pre-commit of content that is new; the task is `true`',
        prepare: () => stage(project, 'src/new.js'),
        hook: 'pre-commit',
      }),
    ]
  },
}

interface HookRow {
  readonly name: string
  readonly operation: string
  readonly prepare?: () => void
  readonly hook: 'pre-commit' | 'pre-push'
}

/** A miss may add to the run of its task what a hit takes. */
const TARGETS: readonly Target[] = [atMostTimes(2, 'git status'), atMostMore(60, 'node -e 0')]

function row(bench: Bench, project: string, about: HookRow): Row {
  const { name, operation, prepare, hook } = about
  const ours: Contestant = {
    name: 'taskvault',
    command: `taskvault hooks run ${hook}`,
    ...(prepare !== undefined && { prepare }),
    run: () => time(bench, hookCommand(project, hook)),
  }
  const status = command('git', ['status', '--porcelain'], project)
  const node = command(process.execPath, ['-e', '0'], project)
  return {
    name,
    operation,
    state: '-',
    targets: TARGETS,
    rounds: 21,
    warmUps: 3,
    contestants: [
      ours,
      { name: 'git status', command: 'git status', run: () => time(bench, status) },
      { name: 'node -e 0', command: 'node -e 0', run: () => time(bench, node) },
    ],
  }
}

/** The file that git starts, as git starts it. */
function hookCommand(project: string, hook: string): Command {
  const file = join(project, '.git/hooks', hook)
  if (hook === 'pre-commit') return { file, args: [], cwd: project }
  const head = outputOf('git', ['rev-parse', 'HEAD'], project).trim()
  const line = `refs/heads/main ${head} refs/heads/main ${'0'.repeat(40)}`
  return { file: 'sh', args: ['-c', `echo "$0" | "$1" origin url`, line, file], cwd: project }
}

function createRepository(bench: Bench, project: string): void {
  createProject(project, CONFIGURATION)
  generateTree(join(project, 'src'), FILES)
  writeFileSync(join(project, 'package.json'), '{}\n')
  writeFileSync(join(project, 'README.md'), '')
  writeFileSync(join(project, '.taskvault/.gitignore'), '/cache/\n/metrics/\n')
  git(project, 'init', '--quiet')
  git(project, 'add', '.')
  git(project, ...AS_SOMEBODY, 'commit', '-q', '-m', 'first')
  execute(bench, taskvault(project, 'hooks', 'install', '--method', 'files'))
  // The first time, every file is read.
  execute(bench, hookCommand(project, 'pre-commit'))
}

/** Stages a change; as git does before it calls the hook, the trees of the index are computed. */
function stage(project: string, name: string): void {
  appendFileSync(join(project, name), `${performance.now()}\n`)
  git(project, 'add', name)
  git(project, 'write-tree')
}

function commit(bench: Bench, project: string): void {
  stage(project, 'README.md')
  execute(bench, hookCommand(project, 'pre-commit'))
  git(project, ...AS_SOMEBODY, 'commit', '-q', '--no-verify', '-m', 'next')
}

const AS_SOMEBODY = ['-c', 'user.name=a', '-c', 'user.email=a@example.com']

function git(project: string, ...args: readonly string[]): void {
  outputOf('git', args, project)
}

function command(file: string, args: readonly string[], cwd: string): Command {
  return { file, args, cwd }
}
