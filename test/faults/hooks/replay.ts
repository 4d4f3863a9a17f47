import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TASK_INPUTS, pickMove, writeFirstFiles } from './histories.ts'
import type { HistoryShape } from './histories.ts'
import { HOOK_COMMAND, describeRepository } from './test-repository.ts'
import type { TestRepository } from './test-repository.ts'

export interface Replay {
  readonly shape: HistoryShape
  readonly commits: number
  /** From 0 up to 1, as `Math.random`. */
  readonly random: () => number
  /** An empty directory, absolute. */
  readonly root: string
  /** The hook; as `taskvault hooks install` would have it unless told. */
  readonly hook?: string
}

export interface ReplayReport {
  readonly commits: number
  /** How often the task ran. */
  readonly runs: number
  /** How many different contents it was asked about. */
  readonly contents: number
  /** What must never happen, one line each. */
  readonly faults: readonly string[]
}

/** As `taskvault hooks install` would have it, as far as it matters here. */
export const HOOK: string = `#!/bin/sh\nexec '${HOOK_COMMAND.join("' '")}' "$@"\n`

/**
 * Makes a history with the hook on, by real commits: no content may be tested twice, none may be
 * committed that was not tested, and what was tested must be the tree that was committed. What is
 * the same content is told by git, not by TaskVault.
 */
export function replay({ shape, commits, random, root, hook = HOOK }: Replay): ReplayReport {
  const repository = createRepository(root, hook)
  writeFirstFiles(repository, shape)
  repository.git('add', '-A')
  repository.git('commit', '-q', '-m', 'first')
  const tested = new Set([describeInputs(repository)])
  const faults: string[] = []
  let runs = readRuns(repository)
  for (let commit = 1; commit < commits; commit += 1) {
    const { name, apply } = pickMove(shape, random, commit)
    repository.git('commit', '-q', ...apply(repository))
    const before = runs.length
    runs = readRuns(repository)
    const inputs = describeInputs(repository)
    const wanted = tested.has(inputs) ? [] : [repository.git('rev-parse', 'HEAD^{tree}')]
    tested.add(inputs)
    const made = runs.slice(before)
    if (made.join() !== wanted.join()) {
      faults.push(`commit ${commit} (${name}): tested [${made.join()}], not [${wanted.join()}]`)
    }
  }
  return { commits, runs: runs.length, contents: tested.size, faults }
}

function createRepository(root: string, hook: string): TestRepository {
  const repository = describeRepository(root)
  mkdirSync(repository.workTree)
  repository.git('init', '-q', '-b', 'main')
  const file = join(repository.workTree, '.git/hooks/pre-commit')
  mkdirSync(join(repository.workTree, '.git/hooks'), { recursive: true })
  writeFileSync(file, hook)
  chmodSync(file, 0o755)
  return repository
}

/** The ids of all that the task reads of what was committed. */
function describeInputs({ git }: TestRepository): string {
  return git('ls-tree', 'HEAD', '--', ...TASK_INPUTS)
}

/** The trees that the task found, one for each run. */
export function readRuns({ runsFile }: TestRepository): string[] {
  return existsSync(runsFile) ? readFileSync(runsFile, 'utf8').trim().split('\n') : []
}
