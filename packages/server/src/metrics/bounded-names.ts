/** Gives every name, until there are too many. */
export type BoundedNames = (name: string) => string

const OTHER = 'other'

/**
 * Callers choose the names of tasks, and every name that becomes a label is a time series for ever:
 * the first `limit` names keep theirs, all others share one.
 */
export function createBoundedNames(limit: number): BoundedNames {
  const known = new Set<string>()
  return (name) => {
    if (known.has(name)) return name
    if (known.size >= limit) return OTHER
    known.add(name)
    return name
  }
}
