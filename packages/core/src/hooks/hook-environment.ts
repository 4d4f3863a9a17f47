import type { Environment } from '../git/run-git.ts'

/*
 * Git tells its hooks by variables which repository, index and directory it works on. Whatever a task
 * starts would take them for its own: a git in a test's temporary directory would write to the index
 * that is being committed. They are also different in each hook, and must not count for a key.
 */
const DROPPED = new Set([
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_IMPLICIT_WORK_TREE',
  'GIT_COMMON_DIR',
  'GIT_INDEX_FILE',
  'GIT_PREFIX',
  'GIT_INTERNAL_SUPER_PREFIX',
  'GIT_NAMESPACE',
  'GIT_OBJECT_DIRECTORY',
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_QUARANTINE_PATH',
  'GIT_SHALLOW_FILE',
  'GIT_GRAFT_FILE',
  'GIT_NO_REPLACE_OBJECTS',
  'GIT_REPLACE_REF_BASE',
  'GIT_CONFIG',
  'GIT_CONFIG_PARAMETERS',
  'GIT_EXEC_PATH',
  'GIT_REFLOG_ACTION',
  'GIT_AUTHOR_NAME',
  'GIT_AUTHOR_EMAIL',
  'GIT_AUTHOR_DATE',
  'GIT_LITERAL_PATHSPECS',
  'GIT_GLOB_PATHSPECS',
  'GIT_NOGLOB_PATHSPECS',
  'GIT_ICASE_PATHSPECS',
  'GIT_MERGE_AUTOEDIT',
])

/** What git sets when a commit needs no editor, as for `git commit -m`. */
const NO_EDITOR = ':'

/**
 * The environment that the command of a task has, which is that of the terminal that git was started
 * from as far as it can be told: settings such as GIT_SSH_COMMAND and GIT_CONFIG_COUNT stay.
 */
export function withoutHookVariables(env: Environment): Environment {
  const kept = Object.entries(env).filter(
    ([name, value]) => !DROPPED.has(name) && !(name === 'GIT_EDITOR' && value === NO_EDITOR),
  )
  const cleaned: Record<string, string | undefined> = Object.fromEntries(kept)
  const path = withoutExecPath(env)
  if (path !== undefined) cleaned['PATH'] = path
  return cleaned
}

/** Git puts the directory of its own programs first. */
function withoutExecPath({ PATH, GIT_EXEC_PATH }: Environment): string | undefined {
  if (PATH === undefined || GIT_EXEC_PATH === undefined || GIT_EXEC_PATH === '') return undefined
  const added = [`${GIT_EXEC_PATH}:`, `${GIT_EXEC_PATH};`].find((start) => PATH.startsWith(start))
  return added === undefined ? undefined : PATH.slice(added.length)
}
