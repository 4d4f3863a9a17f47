import type { GitHook } from '../model/task.ts'

/**
 * What a hook that was there before is called while ours is in its place. It stays in its directory,
 * because hooks look for what they need beside themselves.
 */
export function keptNameOf(hook: GitHook): string {
  return `${hook}.before-taskvault`
}
