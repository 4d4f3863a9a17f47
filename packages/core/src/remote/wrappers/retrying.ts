import { setTimeout as delay } from 'node:timers/promises'
import { TaskVaultError, isTaskVaultError } from '../../errors.ts'
import type { BlobName } from '../../model/blob-name.ts'
import type { BlobStore, ByteRange, ByteStream, CallOptions, GetOptions } from '../blob-store.ts'
import { RetryLater } from '../failures.ts'
import type { RemoteStores } from '../remote-stores.ts'

export interface RetryOptions {
  /** In a row, the first one included. */
  readonly attempts?: number
  /** Before the second attempt; doubled before each further one. The wait is a random part of it. */
  readonly firstWaitMs?: number
  /** From 0 to 1. */
  readonly random?: () => number
}

/** Whoever asks for more patience than this gets no second call: builds wait for nobody. */
const LONGEST_WAIT_MS = 2_000

/**
 * Repeats what failed with REMOTE_UNAVAILABLE. Every call may be repeated: blobs and entries are written
 * once, whoever writes them how often. A transfer with a range goes on where it was cut.
 */
export function retrying(
  { blobs, entries, archives }: RemoteStores,
  options: RetryOptions = {},
): RemoteStores {
  const again = createPersistence(options)
  return {
    blobs: {
      findMissing: (names, call) => again(call, async () => await blobs.findMissing(names, call)),
      put: (content, call) => again(call, async () => await blobs.put(content, call)),
      check: (blob, call) => again(call, async () => await blobs.check(blob, call)),
      async get(name, call) {
        const stream = await again(call, async () => await blobs.get(name, call))
        const range = call?.range
        if (stream === undefined || range === undefined) return stream
        return resuming({ blobs, again, name, range, call }, stream)
      },
    },
    entries: {
      find: (task, key, call) => again(call, async () => await entries.find(task, key, call)),
      list: (query, call) => again(call, async () => await entries.list(query, call)),
      publish: (draft, call) => again(call, async () => await entries.publish(draft, call)),
      remove: (record, call) => again(call, async () => await entries.remove(record, call)),
    },
    archives: archives && {
      find: (query, call) => again(call, async () => await archives.find(query, call)),
      open: (archive, call) => again(call, async () => await archives.open(archive, call)),
      put: (query, content, call) =>
        again(call, async () => await archives.put(query, content, call)),
    },
  }
}

type Persistence = <Result>(
  call: CallOptions | undefined,
  work: () => Promise<Result>,
) => Promise<Result>

function createPersistence(options: RetryOptions): Persistence {
  const { attempts = 3, firstWaitMs = 150, random = Math.random } = options
  return async (call, work) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work()
      } catch (error) {
        const waitMs = waitAfter(error, random() * firstWaitMs * 2 ** (attempt - 1))
        if (attempt >= attempts || waitMs === undefined || call?.signal?.aborted === true)
          throw error
        await pause(waitMs, call?.signal)
      }
    }
  }
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(ms, undefined, signal && { signal })
  } catch (error) {
    throw signal?.reason ?? error
  }
}

/** Undefined: it is no use. */
function waitAfter(error: unknown, usualMs: number): number | undefined {
  if (!isTaskVaultError(error, 'REMOTE_UNAVAILABLE')) return undefined
  if (!(error.cause instanceof RetryLater)) return usualMs
  return error.cause.afterMs <= LONGEST_WAIT_MS ? error.cause.afterMs : undefined
}

interface Transfer {
  readonly blobs: BlobStore
  readonly again: Persistence
  readonly name: BlobName
  readonly range: ByteRange
  readonly call: GetOptions | undefined
}

/** A cut after less than this is a failure like the one before it: a transfer cannot be cut for ever. */
const PROGRESS_BYTES = 64 * 1024
const MOST_FRUITLESS = 3

/** Goes on reading where a cut transfer ended. */
function resuming(transfer: Transfer, first: ByteStream): ByteStream {
  let pieces: AsyncIterator<Uint8Array> = first[Symbol.asyncIterator]()
  let position = transfer.range.start
  let [cutAt, fruitless] = [position, 0]

  const reopen = async (error: unknown): Promise<void> => {
    const { blobs, again, name, range, call } = transfer
    fruitless = position - cutAt >= PROGRESS_BYTES ? 1 : fruitless + 1
    cutAt = position
    const isCut = isTaskVaultError(error, 'REMOTE_UNAVAILABLE')
    if (!isCut || fruitless > MOST_FRUITLESS || call?.signal?.aborted === true) throw error
    const rest = { ...call, range: { start: position, end: range.end } }
    const stream = await again(call, async () => await blobs.get(name, rest))
    if (stream === undefined) throw vanished(name)
    pieces = stream[Symbol.asyncIterator]()
  }

  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        for (;;) {
          try {
            const step = await pieces.next()
            if (step.done !== true) position += step.value.length
            return step
          } catch (error) {
            await reopen(error)
          }
        }
      },
      return: async () => (await pieces.return?.()) ?? { done: true, value: undefined },
    }),
  }
}

/** It was there a moment ago: its store may have found it damaged as it was read. */
function vanished(name: BlobName): TaskVaultError {
  return new TaskVaultError('BLOB_MISSING', `Blob ${name} was removed while it was fetched`)
}
