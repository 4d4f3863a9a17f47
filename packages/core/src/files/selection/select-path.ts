import type { InputSelection } from './input-selection.ts'

/** Whether a selection wants a path, for callers that come from a list of paths and not from a walk. */
export function selectsPath(selection: InputSelection, relativePath: string): boolean {
  // Names that never count begin with a dot.
  const hasHidden = relativePath.startsWith('.') || relativePath.includes('/.')
  if (hasHidden && relativePath.split('/').some((name) => selection.isNever(name))) return false
  return selection.wants(relativePath, selection.patterns)
}

/** Whether a selection may want anything below a directory. */
export function selectsBelow(selection: InputSelection, directory: string): boolean {
  let patterns = selection.patterns
  let relativePath = ''
  for (const [depth, name] of directory.split('/').entries()) {
    relativePath = relativePath === '' ? name : `${relativePath}/${name}`
    patterns = selection.isNever(name)
      ? []
      : selection.entering(patterns, { relativePath, name, depth })
  }
  return patterns.length > 0
}
