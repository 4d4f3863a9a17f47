import { readSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import { EMPTY, FAILED, SLOT_BYTES, STOPPED } from './file-slots.ts'
import type { FileSlots } from './file-slots.ts'

/** In one call; larger ones are slower. */
const READ_BYTES = 256 * 1024

/** Entry point of the thread that reads a large file: fills one slot after the other, as they become empty. */
function fillSlots({ descriptor, start, bytes, states }: FileSlots): void {
  let position = start
  for (let slot = 0; ; slot = (slot + 1) % states.length) {
    if (!waitUntilEmpty(states, slot)) return
    const room = bytes.subarray(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES)
    const got = fill(room, descriptor, position)
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

/** @returns how many bytes were read: fewer when the file ends before. Why it failed, whoever reads there next finds out. */
function fill(room: Uint8Array, descriptor: number, position: number): number {
  let length = 0
  try {
    while (length < room.length) {
      const count = Math.min(READ_BYTES, room.length - length)
      const got = readSync(descriptor, room, length, count, position + length)
      if (got === 0) break
      length += got
    }
    return length
  } catch {
    return FAILED
  }
}

fillSlots(workerData as FileSlots)
