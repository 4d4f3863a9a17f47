import type { GitHook } from '../model/task.ts'

/** The name of our hook in the configuration: git refuses the name of a hook itself there. */
export function configuredNameOf(hook: GitHook): string {
  return `taskvault-${hook}`
}

/**
 * What `hook.<name>.command` says. Git adds the arguments at the end, which a function takes. The
 * script is found again wherever the repository is moved to, and where it is gone nothing is
 * blocked.
 */
export function commandOf(hook: GitHook): string {
  const script = `"$(git rev-parse --git-common-dir)/taskvault/hooks/${hook}"`
  const gone = `echo "taskvault: $h is gone; ${hook} goes on without it" >&2`
  return `t() { h=${script}; if test -f "$h"; then sh "$h" "$@"; else ${gone}; fi; }; t`
}
