import { randomBytes } from 'node:crypto'

/**
 * Gives ids that sort by time: those of one process never go back, even when its clock does. The rest of
 * it is chance: nobody guesses another one's.
 */
export function createEntryIds(now: () => number): () => string {
  let lastMs = 0
  let count = 0
  return () => {
    const nowMs = Math.floor(now())
    count = nowMs > lastMs ? 0 : count + 1
    lastMs = Math.max(nowMs, lastMs)
    return hex(lastMs, 12) + hex(count, 6) + randomBytes(10).toString('hex')
  }
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}
