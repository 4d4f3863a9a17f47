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
  /** What git wrote to the hook's standard input; undefined if nothing could have been written. */
  readonly input: string | undefined
  /** Runs every task, even if it passed before. */
  readonly skipsLookup: boolean
  /** Only reports what would be done. */
  readonly explains: boolean
  readonly onEvent: (event: HookEvent) => void
}

/** How tasks are started, and where their output goes; called when the first task runs. */
export type HookSurroundings = () => Promise<
  Pick<RunRequest, 'output' | 'isTerminal' | 'sharesTerminal' | 'spawn' | 'signals' | 'signal'>
>

/** Where a task runs. */
export type HookPlace =
  /** In the work tree, because the files that the task reads are the same as what is committed or pushed. */
  | { readonly kind: 'work-tree' }
  /** In a separate checkout, because the paths in `differing` are different in the work tree. */
  | { readonly kind: 'snapshot'; readonly differing: readonly string[] }
  /** In the work tree, although the paths in `differing` are different there: the result is not recorded. */
  | { readonly kind: 'unstaged'; readonly differing: readonly string[] }

/** What happened to one task. */
export type TaskVerdict =
  /** It already passed on exactly this content. */
  | {
      readonly kind: 'passed-before'
      readonly key: TaskKey
      readonly manifest: Manifest
      /** Whether the person who commits or pushes now also ran that pass. */
      readonly isOwn: boolean
    }
  | {
      readonly kind: 'would-run'
      /** Undefined if trouble kept it from being computed. */
      readonly key: TaskKey | undefined
      readonly reasons: readonly ChangeReason[]
    }
  | { readonly kind: 'ran'; readonly outcome: RanOutcome; readonly place: HookPlace }
  /** It is declared wrongly, and its failure is only a warning. */
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
  /** An event of a task's run. */
  | { readonly kind: 'run'; readonly task: TaskName; readonly event: RunEvent }
  /** Where the task is about to run. */
  | { readonly kind: 'place'; readonly task: TaskName; readonly place: HookPlace }
  | { readonly kind: 'report'; readonly report: TaskReport }
  /** A snapshot was needed but could not be made: what runs now is not recorded. */
  | { readonly kind: 'no-snapshot'; readonly message: string }
  /** The content changed while it was tested, and is tested again. */
  | { readonly kind: 'again'; readonly target: HookTarget }

export interface HookOutcome {
  /** That of the first required task that failed; 0 lets git continue. */
  readonly exitCode: number
  readonly reports: readonly TaskReport[]
}
