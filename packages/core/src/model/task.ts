import { TaskVaultError } from '../errors.ts'

declare const taskNameBrand: unique symbol

/** A checked task name; entries and policies are grouped by it. */
export type TaskName = string & { readonly [taskNameBrand]: true }

const MAX_LENGTH = 200

/**
 * Checks a task name. Any printable text without white space is allowed; white space would break the `task=NAME` fields
 * of the audit log. Names never become paths.
 * @throws {TaskVaultError} TASK_NAME_INVALID when the name is empty or too long, or contains white space or control
 * characters.
 */
export function parseTaskName(text: string): TaskName {
  if (text.length === 0 || text.length > MAX_LENGTH || /[\s\p{C}]/u.test(text)) {
    throw new TaskVaultError('TASK_NAME_INVALID', `Invalid task name ${JSON.stringify(text)}`, {
      hint: `Use 1 to ${MAX_LENGTH} printable characters without spaces, for example "unit_tests".`,
    })
  }
  return text as TaskName
}

/** The git hooks that can run a task. */
export type GitHook = 'pre-commit' | 'pre-merge-commit' | 'pre-push'

export const GIT_HOOKS: readonly GitHook[] = ['pre-commit', 'pre-merge-commit', 'pre-push']

/** What a task reads, runs and writes, as declared under `tasks:` or on the command line. */
export interface TaskDefinition {
  /** A shell command line, or a program and its arguments. Absent if the caller gives it at each run. */
  readonly command?: string | readonly string[]
  /** Globs relative to the project root; `!` excludes, a leading `?` marks one that may match nothing. */
  readonly inputs: readonly string[]
  /** Files and directories that the command writes, and patterns of them; relative to the project root. */
  readonly outputs: readonly string[]
  /** Names of environment variables that the command reads. */
  readonly env: readonly string[]
  /** Commands that print a tool's version: `node --version`. */
  readonly tools: readonly string[]
  /** Any text; changing it makes every earlier entry of the task unreachable. */
  readonly salt?: string
  /** The git hooks that run this task. */
  readonly hooks?: readonly GitHook[]
}

/** A task whose outputs are separated into paths and patterns. */
export interface WorkDefinition extends TaskDefinition {
  /** The patterns, and paths from which `!` excludes something, in their order; `outputs` has the other paths. */
  readonly outputPatterns?: readonly string[]
}
