import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { NOTE_TREE_QUICKLY } from './histories.ts'
import { HOOK, readRuns } from './replay.ts'
import type { ReplayReport } from './replay.ts'
import { describeRepository } from './test-repository.ts'
import type { TestRepository } from './test-repository.ts'

export interface ExistingReplay {
  /** The repository whose last commits are made again; it is only read. */
  readonly repository: string
  readonly commits: number
  /** No commit is begun after so long. */
  readonly forMs: number
  /** An empty directory, absolute. */
  readonly root: string
}

export interface ExistingReport extends ReplayReport {
  /** How many files the last commit holds. */
  readonly files: number
  /** How many commits changed nothing that the task reads. */
  readonly unread: number
}

/** A task that reads everything but documents. */
const CONFIGURATION = `cache_dir: CACHE
tasks:
  unit_tests:
    command: sh TEST
    inputs: ['**', '!**/*.md']
    hooks: [pre-commit]
`

/**
 * Makes the last commits of somebody's history again, along its main line, each by a real commit with
 * the hook on; and holds the runs of the task against what git says of their trees.
 */
export function replayExisting(request: ExistingReplay): ExistingReport {
  const { repository, commits, forMs, root } = request
  const endsAtMs = performance.now() + forMs
  const history = list(
    repository,
    'rev-list',
    '--first-parent',
    '--reverse',
    `-n${commits}`,
    'HEAD',
  )
  const copy = createCopy(repository, root)
  const tested = new Set<string>()
  const faults: string[] = []
  let made = 0
  let unread = 0
  let runs: readonly string[] = []
  for (const commit of history) {
    if (performance.now() > endsAtMs) break
    made += 1
    copy.git('read-tree', '--reset', '-u', commit)
    copy.git('commit', '-q', '--allow-empty', '-m', commit)
    const tree = copy.git('rev-parse', 'HEAD^{tree}')
    if (tree !== copy.git('rev-parse', `${commit}^{tree}`)) faults.push(`${commit}: another tree`)
    const inputs = describeInputs(copy)
    const wanted = tested.has(inputs) ? [] : [tree]
    unread += tested.has(inputs) ? 1 : 0
    tested.add(inputs)
    const found = readRuns(copy).slice(runs.length)
    runs = readRuns(copy)
    if (found.join() !== wanted.join()) {
      faults.push(`${commit}: tested [${found.join()}], not [${wanted.join()}]`)
    }
  }
  const files = copy.git('ls-tree', '-r', '--name-only', 'HEAD').split('\n').length
  return {
    commits: made,
    runs: runs.length,
    contents: tested.size,
    files,
    unread,
    faults,
  }
}

/** An empty repository that can read the other one's objects. */
function createCopy(repository: string, root: string): TestRepository {
  const copy = describeRepository(root)
  mkdirSync(copy.workTree)
  copy.git('init', '-q', '-b', 'main')
  const [objects = ''] = list(
    repository,
    'rev-parse',
    '--path-format=absolute',
    '--git-path',
    'objects',
  )
  writeFileSync(join(copy.workTree, '.git/objects/info/alternates'), `${objects}\n`)
  const test = join(root, 'test.sh')
  writeFileSync(test, NOTE_TREE_QUICKLY)
  const configuration = CONFIGURATION.replace('TEST', test).replace('CACHE', join(root, 'cache'))
  writeFileSync(join(root, 'config.yaml'), configuration)
  copy.env['TASKVAULT_CONFIG'] = join(root, 'config.yaml')
  const hook = join(copy.workTree, '.git/hooks/pre-commit')
  mkdirSync(join(copy.workTree, '.git/hooks'), { recursive: true })
  writeFileSync(hook, HOOK)
  chmodSync(hook, 0o755)
  return copy
}

/** All that the task reads of what was committed, as git names it. */
function describeInputs({ git }: TestRepository): string {
  const lines = git('ls-tree', '-r', '-z', 'HEAD').split('\0')
  return lines.filter((line) => !line.endsWith('.md')).join('\n')
}

function list(repository: string, ...args: readonly string[]): readonly string[] {
  const listed = execFileSync('git', ['-C', repository, ...args], { encoding: 'utf8' })
  return listed.trim().split('\n')
}
