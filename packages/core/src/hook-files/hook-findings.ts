import type { GitHook } from '../model/task.ts'

/** What mends most of what can be wrong. */
export const INSTALL_AGAIN = 'Run `taskvault hooks install` again.'

/** A problem that keeps the hooks of a repository from doing their work. */
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
  /** Whether it keeps hooks from running. Otherwise they run, but something needs attention. */
  readonly isSerious: boolean
  readonly hook: GitHook | undefined
  /** The problem in one sentence, without a full stop. */
  readonly message: string
  /** What to do about it, as an instruction. */
  readonly hint: string
}
