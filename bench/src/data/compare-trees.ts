import { readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type PathState, walk } from './walk.ts'

/** Microseconds: the grain of times in a manifest, and one more for rounding on the way. */
const TIME_TOLERANCE_US = 2

/**
 * Throws when two trees differ in names, kinds, modes, link targets, times of files or, unless told
 * otherwise, contents. A restore that skipped work cannot pass.
 */
export function assertSameTree(expected: string, actual: string, contents = true): void {
  const differences = compareTrees(expected, actual, contents)
  if (differences.length === 0) return
  const shown = differences.slice(0, 10).join('\n  ')
  throw new Error(`${actual} differs from ${expected} (${differences.length}):\n  ${shown}`)
}

/** One line a difference; empty when the trees are the same. */
export function compareTrees(expected: string, actual: string, contents: boolean): string[] {
  const wanted = walk(expected)
  const found = walk(actual)
  const extra = [...found.keys()].filter((path) => !wanted.has(path))
  const differences = extra.map((path) => `${path}: was not saved`)
  for (const [path, state] of wanted) {
    const other = found.get(path)
    const paths = { expected: join(expected, path), actual: join(actual, path) }
    if (other === undefined) differences.push(`${path}: is missing`)
    else if (!isSameState(state, other)) differences.push(`${path}: kind, mode, size or time`)
    else if (contents && !isSameContent(state, paths)) differences.push(`${path}: content`)
  }
  return differences
}

/** Whether two paths agree in all that can be seen without reading them. */
export function isSameState(a: PathState, b: PathState): boolean {
  if (a.mode !== b.mode) return false
  if (a.kind !== 'file') return true
  const apartUs = Math.abs(a.modifiedAtUs - b.modifiedAtUs)
  return a.sizeBytes === b.sizeBytes && apartUs <= TIME_TOLERANCE_US
}

function isSameContent(
  state: PathState,
  paths: { readonly expected: string; readonly actual: string },
): boolean {
  if (state.kind === 'symlink') return readlinkSync(paths.expected) === readlinkSync(paths.actual)
  if (state.kind !== 'file') return true
  return readFileSync(paths.expected).equals(readFileSync(paths.actual))
}
