/*
 * Memory that one thread reads a file into, and another one takes it from: a ring of slots, each of which has
 * a state that both see. A state that is none of those below is the number of bytes in the slot; 0 is the
 * end of the file.
 */

/** To be filled. */
export const EMPTY: number = -1
/** The file could not be read there. */
export const FAILED: number = -2
/** Nobody needs more. */
export const STOPPED: number = -3

/** So large that the threads rarely wake each other, which costs more than to read what is in one. */
export const SLOT_BYTES: number = 2 * 1024 * 1024

/** What the thread that reads is told. */
export interface FileSlots {
  /** Open in this process. */
  readonly descriptor: number
  /** Where it begins to read. */
  readonly start: number
  /** `SLOT_BYTES` for each state. */
  readonly bytes: Uint8Array<SharedArrayBuffer>
  readonly states: Int32Array<SharedArrayBuffer>
}
