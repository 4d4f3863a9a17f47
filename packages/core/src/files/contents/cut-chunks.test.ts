import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_CHUNK_BYTES, findChunkEnd } from './cut-chunks.ts'

describe('content-defined chunks', () => {
  test('cover the content without gap or overlap, none larger than allowed', () => {
    fc.assert(
      fc.property(fc.nat(3_000_000), fc.nat(), (length, seed) => {
        const sizes = chunkSizes(noise(length, seed))
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(length)
        expect(Math.max(0, ...sizes)).toBeLessThanOrEqual(MAX_CHUNK_BYTES)
      }),
      { numRuns: 20 },
    )
  })

  test('stay the same behind an insertion', () => {
    const before = noise(4_000_000, 1)
    const after = Buffer.concat([
      before.subarray(0, 1_000_000),
      Buffer.from('inserted'),
      before.subarray(1_000_000),
    ])

    const known = new Set(chunkNames(before))
    const isNew = chunkNames(after).filter((name) => !known.has(name))

    expect(known.size).toBeGreaterThan(30)
    expect(isNew.length).toBeLessThanOrEqual(3)
  })

  test('end where they always have, so that older packs are shared', () => {
    expect(chunkSizes(noise(1_000_003, 3))).toEqual([
      100_572, 62_685, 70_142, 98_423, 78_218, 82_554, 71_414, 68_111, 78_907, 67_711, 73_736,
      65_746, 66_560, 15_224,
    ])
  })

  test('are near the wanted size on average', () => {
    const sizes = chunkSizes(noise(16_000_000, 2))
    expect(16_000_000 / sizes.length).toBeGreaterThan(48 * 1024)
    expect(16_000_000 / sizes.length).toBeLessThan(112 * 1024)
  })
})

function chunks(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = []
  for (let start = 0; start < bytes.length;) {
    const end = findChunkEnd(bytes, start, bytes.length)
    parts.push(bytes.subarray(start, end))
    start = end
  }
  return parts
}

const chunkSizes = (bytes: Buffer): number[] => chunks(bytes).map((chunk) => chunk.length)
const chunkNames = (bytes: Buffer): string[] =>
  chunks(bytes).map((chunk) => createHash('sha256').update(chunk).digest('hex'))

/** Bytes without pattern, the same for the same seed. */
function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length)
  let state = seed | 1
  for (let at = 0; at < length; at += 1) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[at] = state
  }
  return bytes
}
