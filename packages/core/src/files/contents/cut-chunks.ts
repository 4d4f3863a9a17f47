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
  const first = Math.min(limit, start + MIN_BYTES)
  const rolled = roll(bytes, { start: first, end: wanted, hash: 0, mask: RARE_MASK })
  if (rolled.isBoundary) return rolled.end
  return roll(bytes, { start: wanted, end: limit, hash: rolled.hash, mask: LIKELY_MASK }).end
}

interface Range {
  readonly start: number
  readonly end: number
  readonly hash: number
  readonly mask: number
}

interface Rolled {
  /** After the byte that was rolled over last. */
  readonly end: number
  readonly hash: number
  readonly isBoundary: boolean
}

/**
 * Rolls over a range until the hash says that a chunk ends. Four bytes at a time, before any of the four is
 * looked at: that takes half of the time.
 */
function roll(bytes: Uint8Array, { start, end, hash: before, mask }: Range): Rolled {
  const gear = GEAR
  let hash = before
  let at = start
  for (; at + 4 <= end; at += 4) {
    const first = ((hash << 1) + (gear[bytes[at] as number] as number)) | 0
    const second = ((first << 1) + (gear[bytes[at + 1] as number] as number)) | 0
    const third = ((second << 1) + (gear[bytes[at + 2] as number] as number)) | 0
    hash = ((third << 1) + (gear[bytes[at + 3] as number] as number)) | 0
    if ((first & mask) === 0) return { end: at + 1, hash: first, isBoundary: true }
    if ((second & mask) === 0) return { end: at + 2, hash: second, isBoundary: true }
    if ((third & mask) === 0) return { end: at + 3, hash: third, isBoundary: true }
    if ((hash & mask) === 0) return { end: at + 4, hash, isBoundary: true }
  }
  for (; at < end; at += 1) {
    hash = ((hash << 1) + (gear[bytes[at] as number] as number)) | 0
    if ((hash & mask) === 0) return { end: at + 1, hash, isBoundary: true }
  }
  return { end, hash, isBoundary: false }
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
