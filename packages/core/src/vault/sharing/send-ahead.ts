import { isTaskVaultError } from '../../errors.ts'
import { exceedsSize } from '../../files/scanning/exceeds-size.ts'
import { blobNameOf } from '../../model/blob-name.ts'
import type { Digest } from '../../model/digest.ts'
import type { RemoteStores } from '../../remote/remote-stores.ts'
import { arePaths } from '../collect-outputs.ts'
import type { OpenParts } from '../open-parts.ts'
import type { SaveRequest } from '../vault.ts'
import { storedContent } from './stored-content.ts'

/** A blob that is on this machine's disk. */
interface Pack {
  readonly digest: Digest
  readonly sizeBytes: number
}

/** Sends the packs of a save while the rest of it is read and compressed. */
export interface SendAhead extends AsyncDisposable {
  /** Begins to send a pack, if the remote store wants it. Trouble is reported, and thrown nowhere. */
  offer(pack: Pack): void
  /** Resolves when nothing is on its way. @returns bytes of packs that the remote store lacked. */
  settle(): Promise<number>
}

/**
 * For one save. What was sent for a save that comes to nothing (its inputs or outputs change, or what streams in
 * becomes more than the policy takes) is needed by no entry there, as if the entry had been removed.
 */
export function createSendAhead(
  { remote, store }: Pick<OpenParts, 'remote' | 'store'>,
  { task, work, archive, outputs, policy, replaces = false }: SaveRequest,
): SendAhead {
  const sending: Promise<void>[] = []
  const end = new AbortController()
  const call = { signal: end.signal }
  /** Each store is asked once: what one of them wants says nothing of the one that stands in for it. */
  const wanted = new Map<RemoteStores, Promise<boolean>>()
  let sentBytes = 0
  let fits: Promise<boolean> | undefined

  /** Nothing is sent of outputs that the policy will refuse. Looked at once there is something to send. */
  async function isWithinLimit(): Promise<boolean> {
    const limit = policy.maxSizeBytes
    if (limit === undefined || !arePaths(outputs)) return true
    const paths = outputs.map(({ absolutePath }) => absolutePath)
    return !(await exceedsSize(paths, limit))
  }

  /** An entry that is there stays, unless it is to be replaced: then nothing is needed of this one. */
  async function isEntryWanted({ entries }: RemoteStores): Promise<boolean> {
    return replaces || (await entries.find(task, work.key, call)) === undefined
  }

  async function isWantedBy(stores: RemoteStores): Promise<boolean> {
    const answer = wanted.get(stores) ?? isEntryWanted(stores)
    wanted.set(stores, answer)
    return await answer
  }

  async function send(stores: RemoteStores, { digest, sizeBytes }: Pack): Promise<void> {
    if (!(await isWantedBy(stores))) return
    const name = blobNameOf({ algorithm: store.algorithm.name, digest })
    const missing = await stores.blobs.findMissing([name], call)
    if (missing.length === 0) return
    const outcome = await stores.blobs.put(storedContent(store, { name, sizeBytes }), call)
    if (outcome === 'stored') sentBytes += sizeBytes
    // Who may not write is told so once.
    if (outcome === 'skipped') wanted.set(stores, Promise.resolve(false))
  }

  async function attempt(pack: Pack): Promise<void> {
    fits ??= isWithinLimit()
    if (!(await fits)) return
    await remote?.attempt('write', async (stores) => {
      try {
        await send(stores, pack)
      } catch (error) {
        // The save came to nothing, or starts over, and has removed what it had written.
        if (!end.signal.aborted && !isTaskVaultError(error, 'BLOB_MISSING')) throw error
      }
    })
  }

  return {
    offer(pack) {
      if (remote?.mode !== 'read-write' || archive !== undefined) return
      const sent = attempt(pack)
      // A bug is met by who settles, not as an unhandled rejection before that.
      sent.catch(() => {})
      sending.push(sent)
    },
    async settle() {
      await Promise.all(sending)
      return sentBytes
    },
    async [Symbol.asyncDispose]() {
      end.abort()
      await Promise.allSettled(sending)
    },
  }
}
