import { existsSync, readFileSync } from 'node:fs'
import type { TestRepository } from './test-repository.ts'

export interface ReplayReport {
  readonly commits: number
  /** How often the task ran. */
  readonly runs: number
  /** How many different contents it was asked about. */
  readonly contents: number
  /** How many commits it was skipped for. */
  readonly skips: number
  /** What must never happen, one line each. */
  readonly faults: readonly string[]
}

/** Looks at each commit of a history that is made with a hook on. */
export interface CommitJudge {
  /** Called after each commit, by a name for it. */
  judge(name: string): void
  report(): ReplayReport
}

/**
 * No content may be tested twice, none may be committed that was not tested, and what was tested must be
 * the tree that was committed. What is the same content is told by git, not by TaskVault.
 * @param describeInputs tells all that the task reads of what HEAD has.
 */
export function judgeCommits(
  repository: TestRepository,
  describeInputs: () => string,
): CommitJudge {
  const tested = new Set<string>()
  const faults: string[] = []
  let [commits, skips] = [0, 0]
  let runs: readonly string[] = []
  return {
    judge(name) {
      const before = runs.length
      runs = readRuns(repository)
      const made = runs.slice(before)
      const inputs = describeInputs()
      const wanted = tested.has(inputs) ? [] : [repository.git('rev-parse', 'HEAD^{tree}')]
      tested.add(inputs)
      commits += 1
      skips += made.length === 0 ? 1 : 0
      if (made.join() !== wanted.join())
        faults.push(`${name}: tested [${made.join()}], not [${wanted.join()}]`)
    },
    report: () => ({ commits, runs: runs.length, contents: tested.size, skips, faults }),
  }
}

/** The trees that the task found, one for each run. */
function readRuns({ runsFile }: TestRepository): string[] {
  return existsSync(runsFile) ? readFileSync(runsFile, 'utf8').trim().split('\n') : []
}
