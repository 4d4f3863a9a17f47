/*
 * Content-defined chunking: where a chunk ends is decided by the bytes before the cut, so an
 * insertion moves one or two boundaries and leaves all later chunks as they were. A gear hash rolls
 * over the last 32 bytes; cutting is made rarer before the wanted size and likelier after it, which
 * keeps sizes close together ("normalised chunking", Xia et al., FastCDC, 2016).
 *
 * Another table or other sizes cost deduplication against older packs, never correctness.
 */

const MIN_BYTES = 32 * 1024
const WANTED_BYTES = 64 * 1024
export const MAX_CHUNK_BYTES: number = 256 * 1024

/** Contents of at least this size are cut. */
export const CHUNKED_FROM_BYTES: number = 1024 * 1024

const RARE_MASK = 0xffffc000 | 0
const LIKELY_MASK = 0xfffc0000 | 0
const GEAR = gearTable()

/**
 * The end of the first chunk of `bytes[start, end)`: at most `MAX_CHUNK_BYTES` after `start`, and
 * `end` when no boundary lies before it. Give it that many bytes unless the content ends earlier.
 */
export function findChunkEnd(bytes: Uint8Array, start: number, end: number): number {
  const limit = Math.min(end, start + MAX_CHUNK_BYTES)
  const wanted = Math.min(limit, start + WANTED_BYTES)
  let at = Math.min(limit, start + MIN_BYTES)
  let hash = 0
  for (; at < wanted; at += 1) {
    hash = ((hash << 1) + (GEAR[bytes[at] as number] as number)) | 0
    if ((hash & RARE_MASK) === 0) return at + 1
  }
  for (; at < limit; at += 1) {
    hash = ((hash << 1) + (GEAR[bytes[at] as number] as number)) | 0
    if ((hash & LIKELY_MASK) === 0) return at + 1
  }
  return limit
}

/** 256 numbers without pattern, from the splitmix32 generator. */
function gearTable(): Int32Array {
  let state = 0x7a5c_11e5
  return Int32Array.from({ length: 256 }, () => {
    state = (state + 0x9e37_79b9) | 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0_aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97)
    return mixed ^ (mixed >>> 15)
  })
}
