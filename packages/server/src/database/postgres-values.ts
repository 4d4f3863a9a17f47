import pg from 'pg'

/** Object ids of `bigint` and `numeric`, which sums of it are. */
const LARGE_NUMBERS = new Set<number>([20, 1700])

/**
 * How values arrive. Sizes and times are numbers here as they are from SQLite, not text; one that a
 * number cannot hold exactly throws rather than being rounded.
 */
export function readPostgresValue(objectId: TypeId): (text: string) => unknown {
  return LARGE_NUMBERS.has(objectId) ? readNumber : pg.types.getTypeParser(objectId)
}

type TypeId = Parameters<typeof pg.types.getTypeParser>[0]

function readNumber(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is no safe number`)
  return value
}
