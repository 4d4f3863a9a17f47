import { mapConcurrently } from '../../remote/map-concurrently.ts'

/** A transfer that can be ended. */
export type Transfer = (signal: AbortSignal) => Promise<void>

/**
 * Runs all transfers at once; how many of them really are, the remote store decides, unless it is told. The
 * first failure ends the others.
 */
export async function transferAll(
  transfers: readonly Transfer[],
  atOnce: number = transfers.length,
): Promise<void> {
  const end = new AbortController()
  const run = async (transfer: Transfer): Promise<void> => {
    if (end.signal.aborted) return
    try {
      await transfer(end.signal)
    } catch (error) {
      end.abort(error)
    }
  }
  await mapConcurrently(transfers, atOnce, run)
  // Of the failures, the first one is why all the others failed.
  if (end.signal.aborted) throw end.signal.reason
}
