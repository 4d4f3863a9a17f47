import type { GitHook } from '../model/task.ts'

/** One change to a repository. What steps say of paths is absolute. */
export type HookStep =
  | { readonly kind: 'make-directory'; readonly path: string }
  /** Nothing must lie at `to`, unless it is one of our hooks. */
  | { readonly kind: 'move'; readonly from: string; readonly to: string }
  | { readonly kind: 'write-hook'; readonly path: string; readonly text: string }
  | { readonly kind: 'remove'; readonly path: string }
  /** Left alone while something is in it. */
  | { readonly kind: 'remove-directory'; readonly path: string }
  | { readonly kind: 'configure'; readonly hook: GitHook; readonly command: string }
  | { readonly kind: 'deconfigure'; readonly hook: GitHook }
  | { readonly kind: 'restore-configuration'; readonly bytes: Uint8Array }

/** What to do, and what to tell about it. Empty when everything is as it is wanted already. */
export interface HookPlan {
  readonly steps: readonly HookStep[]
  /** One sentence each, for whoever asked. */
  readonly remarks: readonly string[]
}
