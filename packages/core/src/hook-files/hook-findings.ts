import type { GitHook } from '../model/task.ts'

/** What mends most of what can be wrong. */
export const INSTALL_AGAIN = 'Run `taskvault hooks install` again.'

/** Something about the hooks of a repository that keeps them from doing what they are for. */
export interface HookFinding {
  readonly kind:
    | 'not-installed'
    | 'partly-installed'
    | 'turned-off'
    | 'shadowed'
    | 'not-reached'
    | 'not-executable'
    | 'edited'
    | 'replaced'
    | 'installed-twice'
    | 'script-missing'
    | 'git-too-old'
    | 'disabled'
    | 'command-gone'
    | 'other-version'
    | 'kept-alone'
    | 'no-task'
  /** Whether hooks do not run because of it; else they run, and something should be seen to. */
  readonly isSerious: boolean
  readonly hook: GitHook | undefined
  /** What is so: one sentence, without a full stop. */
  readonly message: string
  /** What to do about it, as an instruction. */
  readonly hint: string
}
