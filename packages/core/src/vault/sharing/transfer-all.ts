/** A transfer that can be ended. */
export type Transfer = (signal: AbortSignal) => Promise<void>

/** Runs all transfers at once; how many of them really are, the remote store decides. The first failure ends the others. */
export async function transferAll(transfers: readonly Transfer[]): Promise<void> {
  const end = new AbortController()
  const run = async (transfer: Transfer): Promise<void> => {
    try {
      await transfer(end.signal)
    } catch (error) {
      end.abort(error)
    }
  }
  await Promise.all(transfers.map(run))
  // Of the failures, the first one is why all the others failed.
  if (end.signal.aborted) throw end.signal.reason
}
