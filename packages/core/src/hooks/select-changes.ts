import type { InputSelection } from '../files/selection/input-selection.ts'
import { selectsBelow, selectsPath } from '../files/selection/select-path.ts'
import type { WorkTreeChange } from '../git/list-changes.ts'

/** Those of the changed paths that the inputs select, or may select something in. */
export function selectChanges(
  changes: readonly WorkTreeChange[],
  selection: InputSelection,
): string[] {
  return changes
    .filter(({ relativePath, isDirectory }) =>
      isDirectory ? selectsBelow(selection, relativePath) : selectsPath(selection, relativePath),
    )
    .map(({ relativePath }) => relativePath)
}
