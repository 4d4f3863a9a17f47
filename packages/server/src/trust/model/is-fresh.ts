/**
 * Whether what was learnt at `atMs` may be relied on for `forMs`. Not when that lies in the future: the clock
 * was set back since, and nobody knows how long ago it was.
 */
export function isFresh(atMs: number, forMs: number, nowMs: number): boolean {
  return atMs <= nowMs && nowMs < atMs + forMs
}
