import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { TASK_FILES, openHookProject } from './hook-project.ts'
import type { HookProject } from './hook-project.ts'

/**
 * A project as `openHookProject` makes it, whose hooks call `taskvault hooks run` and nothing else. Its
 * task notes where it ran, and the tree that it found there: as git computes it, of all that is
 * not ignored.
 */
export interface HookedProject extends HookProject {
  write(files: Readonly<Record<string, string>>): void
  /** Where each run was, and what it found. */
  runs(): readonly TaskRun[]
  /** The id that git prints for a name. */
  id(name: string): Promise<string>
}

export interface TaskRun {
  readonly directory: string
  readonly tree: string
}

/** The index of its own is outside of the work tree, and of git's directory. */
export const NOTING_TEST = `set -eu
GIT_INDEX_FILE="$RUNS.index"
export GIT_INDEX_FILE
rm -f "$GIT_INDEX_FILE"
git add -A
echo "$(pwd -P) $(git write-tree)" >>"$RUNS"
test ! -e src/broken
`

export const HOOKS = ['pre-commit', 'pre-merge-commit', 'pre-push'] as const

export async function openHookedProject(
  files: Readonly<Record<string, string>> = {},
): Promise<HookedProject> {
  const project = await openHookProject({
    ...TASK_FILES,
    'test.sh': NOTING_TEST,
    '.gitignore': 'node_modules/\n',
    ...files,
  })
  writeHooks(project.rig.resolve('.git/hooks'))
  return {
    ...project,
    write: (more) => {
      for (const [name, content] of Object.entries(more)) project.rig.write(name, content)
    },
    runs: () => readRuns(project),
    id: async (name) => (await project.git(['rev-parse', name])).stdout.trim(),
  }
}

/** Writes hooks into a directory of hooks, which is made. */
export function writeHooks(directory: string): void {
  mkdirSync(directory, { recursive: true })
  for (const hook of HOOKS) {
    const file = path.join(directory, hook)
    writeFileSync(file, `#!/bin/sh\nexec taskvault hooks run ${hook} "$@"\n`)
    chmodSync(file, 0o755)
  }
}

function readRuns(project: HookProject): TaskRun[] {
  const lines = project.rig.read('../runs').split('\n').slice(0, -1)
  return lines.map((line) => {
    const at = line.lastIndexOf(' ')
    return { directory: line.slice(0, at), tree: line.slice(at + 1) }
  })
}
