import { readSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import { EMPTY, FAILED, SLOT_BYTES, STOPPED } from './file-slots.ts'
import type { FileSlots } from './file-slots.ts'

/** Entry point of the thread that reads a large file: fills one slot after the other, as they become empty. */
function fillSlots({ descriptor, start, bytes, states }: FileSlots): void {
  let position = start
  for (let slot = 0; ; slot = (slot + 1) % states.length) {
    if (!waitUntilEmpty(states, slot)) return
    const room = bytes.subarray(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES)
    const got = readAt(descriptor, room, position)
    // It is no longer empty when nobody waits any more.
    if (Atomics.compareExchange(states, slot, EMPTY, got) !== EMPTY) return
    Atomics.notify(states, slot)
    if (got <= 0) return
    position += got
  }
}

function waitUntilEmpty(states: FileSlots['states'], slot: number): boolean {
  for (;;) {
    const state = Atomics.load(states, slot)
    if (state === EMPTY) return true
    if (state === STOPPED) return false
    Atomics.wait(states, slot, state)
  }
}

/** Why it failed, whoever reads there next finds out. */
function readAt(descriptor: number, room: Uint8Array, position: number): number {
  try {
    return readSync(descriptor, room, 0, room.length, position)
  } catch {
    return FAILED
  }
}

fillSlots(workerData as FileSlots)
