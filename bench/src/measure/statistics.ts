/** The middle value, or the mean of the two middle ones. Throws on an empty list. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)]
  const lower = sorted[Math.floor((sorted.length - 1) / 2)]
  if (upper === undefined || lower === undefined) throw new Error('median of nothing')
  return (lower + upper) / 2
}

/** Ratios round by round: what the machine did to both of a round cancels out. */
export function pairedRatios(ours: readonly number[], peers: readonly number[]): number[] {
  return ours.slice(0, peers.length).map((value, round) => value / (peers[round] ?? Number.NaN))
}

/**
 * Slope of log(cost) over log(size) between two points: 1 is linear, 2 is quadratic.
 * `fixed` is what the operation costs with nothing to do, taken off both.
 */
export function growthExponent(
  small: { readonly size: number; readonly cost: number },
  large: { readonly size: number; readonly cost: number },
  fixed: number,
): number {
  const cost = Math.log((large.cost - fixed) / (small.cost - fixed))
  return cost / Math.log(large.size / small.size)
}
