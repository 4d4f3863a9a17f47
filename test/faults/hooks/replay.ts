import { TASK_INPUTS, pickMove, writeFirstFiles } from './histories.ts'
import type { HistoryShape } from './histories.ts'
import { createHookedRepository } from './hooked-repository.ts'
import { judgeCommits } from './judge-commits.ts'
import type { ReplayReport } from './judge-commits.ts'

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

/** Makes a history up, by real commits with the hook on, and judges each. */
export function replay({ shape, commits, random, root, hook }: Replay): ReplayReport {
  const repository = createHookedRepository(root, hook)
  const { git } = repository
  const { judge, report } = judgeCommits(repository, () =>
    git('ls-tree', 'HEAD', '--', ...TASK_INPUTS),
  )
  writeFirstFiles(repository, shape)
  git('add', '-A')
  git('commit', '-q', '-m', 'first')
  judge('first')
  for (let commit = 1; commit < commits; commit += 1) {
    const { name, apply } = pickMove(shape, random, commit)
    git('commit', '-q', ...apply(repository))
    judge(`commit ${commit} (${name})`)
  }
  return report()
}
