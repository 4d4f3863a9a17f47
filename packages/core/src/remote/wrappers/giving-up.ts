import { isTaskVaultError } from '../../errors.ts'
import type { ByteStream, GetOptions } from '../blob-store.ts'
import type { ArchiveStore } from '../github/github-archives.ts'
import type { ArchiveContent } from '../github/github-service.ts'
import type { RemoteStores } from '../remote-stores.ts'
import type { Patience } from './patience.ts'

/**
 * Breaks the circuit: after one call that failed for good with REMOTE_UNAVAILABLE, or when the patience
 * has run out, no further call is made. Goes around what retries: its attempts cost patience, too.
 */
export function givingUp(stores: RemoteStores, patience: Patience): RemoteStores {
  const { blobs, entries, archives } = stores
  const guard: Guard = async (call, work) => {
    const signals = [patience.signal, ...(call?.signal === undefined ? [] : [call.signal])]
    const guarded = { ...call, signal: AbortSignal.any(signals) }
    return await losing(patience, async () => await patience.during(() => work(guarded)))
  }
  return {
    ...(archives !== undefined && { archives: guardedArchives(archives, { guard, patience }) }),
    blobs: {
      findMissing: (names, call) =>
        guard(call, async (guarded) => await blobs.findMissing(names, guarded)),
      put: (content, call) =>
        guard(call, async (guarded) => await blobs.put(counting(content, patience), guarded)),
      check: (blob, call) =>
        guard(
          call,
          async (guarded) => await blobs.check(blob, { ...guarded, onBytes: patience.moved }),
        ),
      async get(name, call) {
        const stream = await guard(call, async (guarded) => await blobs.get(name, guarded))
        return stream && guardedPieces(stream, patience)
      },
    },
    entries: {
      find: (task, key, call) =>
        guard(call, async (guarded) => await entries.find(task, key, guarded)),
      list: (query, call) => guard(call, async (guarded) => await entries.list(query, guarded)),
      publish: (draft, call) =>
        guard(call, async (guarded) => await entries.publish(draft, guarded)),
      remove: (record, call) =>
        guard(call, async (guarded) => await entries.remove(record, guarded)),
    },
  }
}

/** All that a call may have: what it has is passed on. */
type Guard = <Result>(
  call: GetOptions | undefined,
  work: (call: GetOptions) => Promise<Result>,
) => Promise<Result>

function guardedArchives(
  archives: ArchiveStore,
  { guard, patience }: { readonly guard: Guard; readonly patience: Patience },
): ArchiveStore {
  return {
    find: (query, call) => guard(call, async (guarded) => await archives.find(query, guarded)),
    async open(archive, call) {
      const stream = await guard(call, async (guarded) => await archives.open(archive, guarded))
      return stream && guardedPieces(stream, patience)
    },
    put: (query, content, call) =>
      guard(
        call,
        async (guarded) => await archives.put(query, counting(content, patience), guarded),
      ),
  }
}

async function losing<Result>(patience: Patience, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (isTaskVaultError(error, 'REMOTE_UNAVAILABLE')) patience.lose(error.message)
    throw error
  }
}

/** What is taken of a blob's bytes has been sent, but for what the machine itself still holds. */
function counting<Content extends ArchiveContent>(content: Content, patience: Patience): Content {
  async function* open(): AsyncGenerator<Uint8Array, void> {
    for await (const piece of content.open()) {
      patience.moved(piece.length)
      yield piece
    }
  }
  return { ...content, open }
}

/** The time that the reader takes between two pieces is its own. */
function guardedPieces(stream: ByteStream, patience: Patience): ByteStream {
  const pieces = stream[Symbol.asyncIterator]()
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        const step = await losing(patience, async () => {
          return await patience.duringPart(async () => await pieces.next())
        })
        if (step.done !== true) patience.moved(step.value.length)
        return step
      },
      return: async () => (await pieces.return?.()) ?? { done: true, value: undefined },
    }),
  }
}
