import { decodePath } from './parse-index.ts'
import { readGit, splitRecords } from './run-git.ts'
import type { GitOptions } from './run-git.ts'

/** One path of a tree that is otherwise than in another tree. */
export interface TreeChange {
  /** Relative to the root of the tree. */
  readonly path: string
  /** Whether the path is UTF-8 in git; else it is no exact name. */
  readonly isUtf8: boolean
  /** As git has it now; 0 where nothing is any more. */
  readonly mode: number
  readonly id: string
}

const DIFF = ['diff-tree', '-r', '-z', '--raw', '--no-abbrev', '--no-renames', '--no-ext-diff']

/**
 * Every path below which one tree is not the other; git looks into the directories that differ only.
 * @throws {TaskVaultError} GIT_FAILED when git does not have both trees.
 */
export async function listTreeChanges(
  { before, after }: { readonly before: string; readonly after: string },
  git: GitOptions,
): Promise<TreeChange[]> {
  const fields = splitRecords(await readGit([...DIFF, before, after], git))
  const changes: TreeChange[] = []
  // `:mode mode id id status`, and the path as the next field.
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [, mode = '', , id = ''] = (fields[at] as Buffer).toString('latin1').split(' ')
    changes.push({ ...decodePath(fields[at + 1] as Buffer), mode: Number.parseInt(mode, 8), id })
  }
  return changes
}
