import { workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { openHashAlgorithm } from '../../hashing/open-hash-algorithm.ts'
import { readBackwards } from './read-backwards.ts'
import type { ReadDirectory } from './read-backwards.ts'

/** What the thread is told when it is started. */
export interface ReadAheadTask {
  readonly directory: string
  readonly algorithm: string
  readonly checkedAtMs: number
  /** Takes arrays of `ReadDirectory`. */
  readonly port: MessagePort
  /** Its one number is no longer 0 when nobody needs more. */
  readonly stop: Int32Array
}

/** Directories that are sent together. */
const BATCH_DIRECTORIES = 32

/** Entry point of the thread that reads a tree from its end. */
async function readAhead({ directory, port, stop, ...task }: ReadAheadTask): Promise<void> {
  const algorithm = await openHashAlgorithm(task.algorithm)
  let batch: ReadDirectory[] = []
  for (const read of readBackwards(directory, { algorithm, checkedAtMs: task.checkedAtMs })) {
    batch.push(read)
    if (batch.length === BATCH_DIRECTORIES) {
      port.postMessage(batch)
      batch = []
    }
    if (Atomics.load(stop, 0) !== 0) break
  }
  port.postMessage(batch)
  port.close()
}

void readAhead(workerData as ReadAheadTask)
