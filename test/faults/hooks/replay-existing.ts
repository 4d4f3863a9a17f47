import { execFileSync } from 'node:child_process'
import { appendFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { NOTE_TREE_QUICKLY } from './histories.ts'
import { createHookedRepository } from './hooked-repository.ts'
import { judgeCommits } from './judge-commits.ts'
import type { ReplayReport } from './judge-commits.ts'
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
}

/** Documents, which the task does not read: as patterns, and as git's paths are matched here. */
const DOCUMENTS = ['**/*.md', '**/*.adoc', '**/*.rst', 'docs/**', 'Documentation/**']
const IS_DOCUMENT = /^(docs|Documentation)\/|\.(md|adoc|rst)$/
const READ_ME = 'README.md'

/**
 * Makes the last commits of somebody's history again, along its main line, each by a real commit with
 * the hook on; then one that only adds to the README, and one that goes back to the first of them.
 */
export function replayExisting(request: ExistingReplay): ExistingReport {
  const { repository, commits, forMs, root } = request
  const endsAtMs = performance.now() + forMs
  const copy = createCopy(repository, root)
  const { git, workTree } = copy
  const { judge, report } = judgeCommits(copy, () => describeInputs(copy))
  const faults: string[] = []
  const makeAgain = (commit: string): void => {
    git('read-tree', '--reset', '-u', commit)
    git('commit', '-q', '--allow-empty', '-m', commit)
    judge(commit)
    const [made, original] = ['HEAD', commit].map((name) => git('rev-parse', `${name}^{tree}`))
    if (made !== original) faults.push(`${commit}: made another tree`)
  }
  const words = ['rev-list', '--first-parent', '--reverse', `-n${commits}`, 'HEAD']
  const history = gitIn(repository, ...words).split('\n')
  for (const commit of history) {
    if (performance.now() < endsAtMs) makeAgain(commit)
  }
  // It may be a link to a document.
  rmSync(join(workTree, READ_ME), { force: true })
  appendFileSync(join(workTree, READ_ME), 'One more line.\n')
  git('add', '--force', READ_ME)
  git('commit', '-q', '-m', 'read me')
  judge('read me')
  const [first = ''] = history
  makeAgain(first)
  const files = gitIn(repository, 'ls-tree', '-r', '--name-only', 'HEAD').split('\n').length
  const judged = report()
  return { ...judged, files, faults: [...judged.faults, ...faults] }
}

/** An empty repository with the hook on that can read the other one's objects. */
function createCopy(repository: string, root: string): TestRepository {
  const copy = createHookedRepository(root)
  const objects = resolve(repository, gitIn(repository, 'rev-parse', '--git-path', 'objects'))
  writeFileSync(join(copy.workTree, '.git/objects/info/alternates'), `${objects}\n`)
  const test = join(root, 'test.sh')
  writeFileSync(test, NOTE_TREE_QUICKLY)
  const task = {
    command: `sh ${test}`,
    inputs: ['**', ...DOCUMENTS.map((pattern) => `!${pattern}`)],
    hooks: ['pre-commit'],
  }
  // YAML takes JSON as it is.
  const configuration = { cache_dir: join(root, 'cache'), tasks: { unit_tests: task } }
  writeFileSync(join(root, 'config.yaml'), JSON.stringify(configuration))
  copy.env['TASKVAULT_CONFIG'] = join(root, 'config.yaml')
  return copy
}

/** All that the task reads of what was committed, as git names it. */
function describeInputs({ git }: TestRepository): string {
  const lines = git('ls-tree', '-r', '-z', 'HEAD').split('\0')
  return lines.filter((line) => !IS_DOCUMENT.test(line.slice(line.indexOf('\t') + 1))).join('\n')
}

function gitIn(repository: string, ...words: readonly string[]): string {
  return execFileSync('git', ['-C', repository, ...words], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  }).trim()
}
