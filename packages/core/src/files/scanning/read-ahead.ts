import { availableParallelism } from 'node:os'
import { MessageChannel, Worker, receiveMessageOnPort } from 'node:worker_threads'
import { isKnownToThreads } from '../../hashing/open-hash-algorithm.ts'
import type { ContentSink } from '../contents/content-sink.ts'
import { findWorkerFile } from '../find-worker-file.ts'
import { FILE_TYPE, typeOf } from './observe-directory.ts'
import type { Observed } from './observe-directory.ts'
import type { ReadAheadTask } from './read-ahead-worker.ts'
import type { ReadDirectory } from './read-backwards.ts'
import type { ScanContext } from './scan-context.ts'

/**
 * A second thread for a scan that has much to read. It goes through the same tree from the other end,
 * until the two meet. What it says of a directory is taken as the stat cache's word is: for names
 * that are, when the scan looks at them, what they were when the thread did. Should the thread not
 * start, or end early, the scan reads the rest itself.
 */
export interface ReadAhead extends Disposable {
  /** Counts the names of a directory, and what has to be read of it; starts the thread when that is most, and much. */
  note(names: number, observed: Observed): void
  /** The listing of a directory that the thread has read, once. */
  take(directory: string): Uint8Array | undefined
}

/** Fewer files than this are read sooner than a thread has started. */
const THREAD_FROM_FILES = 400
// Without limits a thread's heap grows to what the machine has.
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 16, maxOldGenerationSizeMb: 128 }

export function createReadAhead(
  root: string,
  { context, sink }: { readonly context: ScanContext; readonly sink?: ContentSink | undefined },
): ReadAhead {
  const rows = new Map<string, Uint8Array>()
  let [seen, unread] = [0, 0]
  let thread: ReadingThread | undefined
  // A sink needs the contents as well, and keeps all processors busy with compressing them.
  let mayStart =
    sink === undefined && isKnownToThreads(context.algorithm) && availableParallelism() > 1

  return {
    note(names, { changed }) {
      if (!mayStart) return
      seen += names
      if (changed === undefined) return
      unread += countUnread(changed)
      // Where most is known, another thread would read all of that.
      if (unread < THREAD_FROM_FILES || unread < seen / 2) return
      mayStart = false
      const algorithm = context.algorithm.name
      thread = startThread({ directory: root, algorithm, checkedAtMs: context.now() })
    },
    take(directory) {
      for (let batch = thread?.receive(); batch !== undefined; batch = thread?.receive()) {
        for (const { path, row } of batch) rows.set(path, row)
      }
      const row = rows.get(directory)
      if (row === undefined) return undefined
      rows.delete(directory)
      // The two have met: from here on, all was read.
      thread?.stop()
      return row
    },
    [Symbol.dispose]: () => thread?.stop(),
  }
}

function countUnread({ knownAt, mode }: NonNullable<Observed['changed']>): number {
  let unread = 0
  for (let index = 0; index < knownAt.length; index += 1) {
    if (knownAt[index] === -1 && typeOf(mode[index] as number) === FILE_TYPE) unread += 1
  }
  return unread
}

interface ReadingThread {
  /** What it has read next, if that is there already: the scan does not wait. */
  receive(): readonly ReadDirectory[] | undefined
  stop(): void
}

/** @returns undefined when there is no file to start it with. */
function startThread(task: Omit<ReadAheadTask, 'port' | 'stop'>): ReadingThread | undefined {
  const file = findWorkerFile('read-ahead-worker', import.meta.url)
  if (file === undefined) return undefined
  const { port1, port2: port } = new MessageChannel()
  const stop = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  const workerData: ReadAheadTask = { ...task, port, stop }
  const options = { workerData, transferList: [port], resourceLimits: RESOURCE_LIMITS }
  const worker = new Worker(file, options)
  worker.unref()
  // What it has not read by then, the scan reads.
  worker.on('error', () => {})
  return {
    receive: () => receiveMessageOnPort(port1)?.message as readonly ReadDirectory[] | undefined,
    stop: () => void Atomics.store(stop, 0, 1),
  }
}
