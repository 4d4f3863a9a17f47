/** The one of `names` that `typed` is most likely a misspelling of; undefined when none is close. */
export function findNearestName(typed: string, names: readonly string[]): string | undefined {
  const lower = typed.toLowerCase()
  const longer = names.filter((name) => lower.length >= 3 && name.toLowerCase().startsWith(lower))
  if (longer.length === 1) return longer[0]
  const limit = Math.max(1, Math.floor(typed.length / 3))
  let nearest: string | undefined
  let nearestDistance = limit + 1
  for (const name of names) {
    const distance = editDistance(lower, name.toLowerCase())
    if (distance < nearestDistance) [nearest, nearestDistance] = [name, distance]
  }
  return nearest
}

/** How many characters must be added, removed, replaced or swapped with a neighbour. */
function editDistance(left: string, right: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= right.length; column += 1) {
      const isSame = left[row - 1] === right[column - 1]
      let distance = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (isSame ? 0 : 1),
      )
      const isSwap = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      if (isSwap && row > 1 && column > 1)
        distance = Math.min(distance, at(beforeLast, column - 2) + 1)
      current.push(distance)
    }
    ;[beforeLast, last] = [last, current]
  }
  return at(last, right.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY
}
