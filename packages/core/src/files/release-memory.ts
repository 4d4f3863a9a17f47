/** Smaller buffers may be part of the pool that all small ones share, and are soon collected anyway. */
const LARGE_BYTES = 256 * 1024

/**
 * Gives the memory behind `bytes` back at once, instead of when the collector gets to it: buffers of
 * megabytes come and go here faster than it notices. Nobody may use `bytes`, or any view of the same
 * memory, afterwards: it is empty then.
 */
export function releaseMemory(bytes: Uint8Array): void {
  if (bytes.buffer instanceof ArrayBuffer && bytes.buffer.byteLength >= LARGE_BYTES) {
    bytes.buffer.transfer(0)
  }
}
