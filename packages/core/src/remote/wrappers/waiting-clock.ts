/** A timer looks at what is waited for more often than this. */
export const LONGEST_STEP_MS = 250

/**
 * Milliseconds that this thread has waited for anything, as far as it was its turn to go on: a longer time
 * between two readings is that of a machine that stood still, or of a process that was stopped (Ctrl-Z, a
 * debugger), and counts as `LONGEST_STEP_MS`.
 * @param readIdleMs grows while this thread waits; another clock would also count what it is busy with.
 */
export function createWaitingClock(
  readIdleMs: () => number = () => performance.nodeTiming.idleTime,
): () => number {
  let [lastMs, waitedMs] = [readIdleMs(), 0]
  return () => {
    const idleMs = readIdleMs()
    waitedMs += Math.min(idleMs - lastMs, LONGEST_STEP_MS)
    lastMs = idleMs
    return waitedMs
  }
}
