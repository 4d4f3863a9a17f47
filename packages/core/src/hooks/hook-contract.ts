import type { Settings } from '../config/settings.ts'
import type { Environment } from '../git/run-git.ts'
import type { TaskKey } from '../model/digest.ts'
import type { ChangeReason } from '../model/explain.ts'
import type { Manifest } from '../model/manifest.ts'
import type { HookMode } from '../model/policy.ts'
import type { GitHook, TaskName } from '../model/task.ts'
import type { RanOutcome, RunEvent, RunRequest } from '../vault/runs/run-contract.ts'
import type { HookTarget } from './hook-targets.ts'

/** One run of a git hook. */
export interface HookRequest {
  readonly hook: GitHook
  readonly settings: Settings
  /** The hook's environment, as git made it. */
  readonly env: Environment
  /** What git wrote to the hook's standard input; undefined when nobody could have. */
  readonly input: string | undefined
  /** Runs every task, whatever is known. */
  readonly skipsLookup: boolean
  /** Says what would be done, and does nothing. */
  readonly explains: boolean
  readonly onEvent: (event: HookEvent) => void
}

/** How tasks are started, and where their output goes; asked for when the first one runs. */
export type HookSurroundings = () => Promise<
  Pick<RunRequest, 'output' | 'isTerminal' | 'sharesTerminal' | 'spawn' | 'signals' | 'signal'>
>

/** Where a task runs. */
export type HookPlace =
  /** In the work tree, which is what is committed or pushed as far as the task reads it. */
  | { readonly kind: 'work-tree' }
  /** In a checkout of its own, since `differing` of the work tree are otherwise. */
  | { readonly kind: 'snapshot'; readonly differing: readonly string[] }
  /** In the work tree although `differing` are otherwise there: its result is not recorded. */
  | { readonly kind: 'unstaged'; readonly differing: readonly string[] }

/** What became of one task. */
export type TaskVerdict =
  /** It passed before on this very content. */
  | {
      readonly kind: 'passed-before'
      readonly key: TaskKey
      readonly manifest: Manifest
      /** Whether whoever commits or pushes now had it passed. */
      readonly isOwn: boolean
    }
  | {
      readonly kind: 'would-run'
      /** Undefined when trouble kept it from being known. */
      readonly key: TaskKey | undefined
      readonly reasons: readonly ChangeReason[]
    }
  | { readonly kind: 'ran'; readonly outcome: RanOutcome; readonly place: HookPlace }
  /** It cannot be meant as it is declared, and its failure is only a warning. */
  | { readonly kind: 'not-run'; readonly message: string }
  /** A policy turns it off. */
  | { readonly kind: 'off' }

export interface TaskReport {
  readonly task: TaskName
  readonly mode: HookMode
  readonly target: HookTarget
  readonly verdict: TaskVerdict
}

export type HookEvent =
  /** What a run says on its way. */
  | { readonly kind: 'run'; readonly task: TaskName; readonly event: RunEvent }
  /** Where the task is about to run. */
  | { readonly kind: 'place'; readonly task: TaskName; readonly place: HookPlace }
  | { readonly kind: 'report'; readonly report: TaskReport }
  /** There should have been a snapshot, and there is none: what runs now is not recorded. */
  | { readonly kind: 'no-snapshot'; readonly message: string }
  /** The content changed while it was tested, and is tested again. */
  | { readonly kind: 'again'; readonly target: HookTarget }

export interface HookOutcome {
  /** Of the first required task that failed; 0 when git may go on. */
  readonly exitCode: number
  readonly reports: readonly TaskReport[]
}
