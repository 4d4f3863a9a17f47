import { createInputSelection } from '../files/selection/input-selection.ts'
import { listChanges } from '../git/list-changes.ts'
import type { WorkTreeChange } from '../git/list-changes.ts'
import type { GitSource } from '../git/list-files.ts'
import type { Environment } from '../git/run-git.ts'
import type { UnstagedHandling } from '../model/policy.ts'
import type { RunRequest } from '../vault/runs/run-contract.ts'
import { asPassedOver } from '../vault/runs/run-trouble.ts'
import { createTaskProducts } from '../vault/targets/task-products.ts'
import type { EarlyLook } from './early-look.ts'
import type { HookPlace } from './hook-contract.ts'
import { openSnapshot } from './open-snapshot.ts'
import type { Snapshot, SnapshotRequest } from './open-snapshot.ts'
import { selectChanges } from './select-changes.ts'

/** A directory in which a task can be run. */
export interface OpenPlace {
  readonly place: HookPlace
  /** Absolute. */
  readonly projectRoot: string
  /** What is checked out in a snapshot. */
  readonly tree?: GitSource
  /** Inputs of the work that are not, or no longer, what the target says. */
  findChanges(work: RunRequest): Promise<readonly string[]>
}

/** The places in which tasks of one target run; what was made for them is removed when disposed. */
export interface HookPlaces extends Disposable {
  /**
   * The work tree where it holds what the work reads, else a snapshot; the work tree also when a
   * policy says so, or when no snapshot can be made, and `unstaged` then.
   */
  open(work: RunRequest, unstaged: UnstagedHandling): Promise<OpenPlace>
}

export interface PlacesRequest extends SnapshotRequest {
  /** The environment of tasks, in which no git speaks of its repository. */
  readonly taskEnv: Environment
  /** Whether the index holds the target for this work; always so when the index is the target. */
  readonly isIndexed: (work: RunRequest) => Promise<boolean>
  /** What the first one to ask for a place need not wait for. */
  readonly look: EarlyLook | undefined
  readonly onTrouble: (error: Error) => void
}

export function createHookPlaces(request: PlacesRequest): HookPlaces {
  const { projectRoot, env, taskEnv, look } = request
  let snapshot: Snapshot | undefined

  const inWorkTree = (place: HookPlace): OpenPlace => ({
    place,
    projectRoot,
    findChanges: async (work) => await findChanges(work, { projectRoot, env }),
  })

  const inSnapshot = (opened: Snapshot, differing: readonly string[]): OpenPlace => ({
    place: { kind: 'snapshot', differing },
    projectRoot: opened.projectRoot,
    tree: { kind: 'commit', commit: opened.tree },
    findChanges: async (work) =>
      await findChanges(work, { projectRoot: opened.projectRoot, env: taskEnv }),
  })

  /** One that no task before has changed where this one looks. */
  async function openFit(work: RunRequest, differing: readonly string[]): Promise<OpenPlace> {
    if (snapshot !== undefined) {
      const place = inSnapshot(snapshot, differing)
      if ((await place.findChanges(work)).length === 0) return place
      snapshot[Symbol.dispose]()
      snapshot = undefined
    }
    snapshot = openSnapshot(request)
    return inSnapshot(snapshot, differing)
  }

  return {
    async open(work, unstaged) {
      const seen = await look?.take()
      const differing = await findChanges(work, { projectRoot, env, seen })
      const isTarget = await request.isIndexed(work)
      if (differing.length === 0 && isTarget) return inWorkTree({ kind: 'work-tree' })
      if (unstaged === 'in-place') return inWorkTree({ kind: 'unstaged', differing })
      try {
        return await openFit(work, differing)
      } catch (error) {
        request.onTrouble(asPassedOver(error))
        return inWorkTree({ kind: 'unstaged', differing })
      }
    },
    [Symbol.dispose]: () => snapshot?.[Symbol.dispose](),
  }
}

async function findChanges({ definition }: RunRequest, where: Where): Promise<readonly string[]> {
  const { inputs: patterns, outputs, outputPatterns = [] } = definition
  const isProduct =
    outputPatterns.length === 0 ? undefined : createTaskProducts(outputPatterns, where).has
  const selection = createInputSelection(where.projectRoot, { patterns, outputs, isProduct })
  return selectChanges(where.seen ?? (await listChanges(where)), selection)
}

interface Where {
  readonly projectRoot: string
  readonly env: Environment
  /** What is otherwise there, by somebody who has just looked. */
  readonly seen?: readonly WorkTreeChange[] | undefined
}
