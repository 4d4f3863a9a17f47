const NOBODY = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))

/** Has this thread do nothing for a while. */
export function pause(ms: number): void {
  Atomics.wait(NOBODY, 0, 0, ms)
}
