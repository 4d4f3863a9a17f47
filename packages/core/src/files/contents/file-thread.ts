import { Worker } from 'node:worker_threads'
import { findWorkerFile } from '../find-worker-file.ts'
import { EMPTY, FAILED, SLOT_BYTES, STOPPED } from './file-slots.ts'
import type { FileSlots } from './file-slots.ts'

/** A thread that reads a file ahead of whoever takes the bytes. */
export interface FileThread extends Disposable {
  /** The next bytes, valid until the next call; none at the end. Undefined when there is no such thread any more. */
  take(): Uint8Array | undefined
}

const SLOTS = 4
/** A thread that has nothing to say for so long is not waited for: it may not have started at all. */
const PATIENCE_MS = 1_000
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 16 }

interface FileThreadOptions {
  /** @returns whether there is a worker to start. */
  readonly startWorker?: (slots: FileSlots) => boolean
  readonly patienceMs?: number
}

/**
 * Has a thread read an open file, from `start` on. The descriptor stays the caller's, and must be open until this is
 * disposed.
 */
export function startFileThread(
  { descriptor, start }: Pick<FileSlots, 'descriptor' | 'start'>,
  { startWorker = startFileWorker, patienceMs = PATIENCE_MS }: FileThreadOptions = {},
): FileThread {
  const bytes = new Uint8Array(new SharedArrayBuffer(SLOTS * SLOT_BYTES))
  const states = new Int32Array(new SharedArrayBuffer(SLOTS * Int32Array.BYTES_PER_ELEMENT))
  states.fill(EMPTY)
  let isOver = !startWorker({ descriptor, start, bytes, states })
  let slot = SLOTS - 1

  function stop(): void {
    isOver = true
    for (let index = 0; index < SLOTS; index += 1) setState(states, index, STOPPED)
  }

  return {
    take() {
      if (isOver) return undefined
      if (states[slot] !== EMPTY) setState(states, slot, EMPTY)
      slot = (slot + 1) % SLOTS
      Atomics.wait(states, slot, EMPTY, patienceMs)
      const state = Atomics.load(states, slot)
      if (state === EMPTY || state === FAILED) stop()
      return isOver ? undefined : bytes.subarray(slot * SLOT_BYTES, slot * SLOT_BYTES + state)
    },
    [Symbol.dispose]: stop,
  }
}

function setState(states: FileSlots['states'], slot: number, state: number): void {
  Atomics.store(states, slot, state)
  Atomics.notify(states, slot)
}

/** @returns whether there is a file to start it with. */
function startFileWorker(workerData: FileSlots): boolean {
  const file = findWorkerFile('file-worker', import.meta.url)
  if (file === undefined) return false
  const worker = new Worker(file, { workerData, resourceLimits: RESOURCE_LIMITS })
  worker.unref()
  // What it has not read by then, the other reads itself.
  worker.on('error', () => {})
  return true
}
