import { expect, test } from 'vitest'
import type { Frame } from './pack-index.ts'
import {
  endBytesOf,
  isIndexSmall,
  isLittle,
  isWorthAsking,
  isWorthBeginning,
  nodeBytesOf,
  planRuns,
} from './plan-parts.ts'

const KIB = 1024
const MIB = 1024 * KIB

test.each([
  ['the least that is worth it', { packBytes: 4 * MIB, sizeBytes: 100, kinBytes: 50 }, true],
  ['a byte less', { packBytes: 4 * MIB - 1, sizeBytes: 100, kinBytes: 100 }, false],
  ['less than half as much here', { packBytes: 9 * MIB, sizeBytes: 101, kinBytes: 50 }, false],
  ['nothing of the kind here', { packBytes: 9 * MIB, sizeBytes: 0, kinBytes: 0 }, false],
])('whether to ask for indexes first: %s', (_, wanted, expected) => {
  expect(isWorthAsking(wanted)).toBe(expected)
})

test.each([
  ['the least that is worth it', { packBytes: 16 * MIB, packCount: 1 }, true],
  ['a byte less', { packBytes: 16 * MIB - 1, packCount: 1 }, false],
  ['the most that is', { packBytes: 2048 * MIB, packCount: 200 }, true],
  ['a byte more', { packBytes: 2048 * MIB + 1, packCount: 128 }, false],
  ['a pack more', { packBytes: 16 * MIB, packCount: 201 }, false],
])('whether to make files before all packs are here: %s', (_, missing, expected) => {
  expect(isWorthBeginning(missing)).toBe(expected)
})

test.each([
  [100, 100],
  [64 * KIB + 1, 64 * KIB],
  [16 * MIB, 512 * KIB],
  [16 * MIB + 1, 512 * KIB + 1],
])('of a pack of %i bytes, the last %i hold its nodes as a rule', (packBytes, endBytes) => {
  expect(nodeBytesOf(packBytes)).toBe(endBytes)
})

test.each([
  [100, 100],
  [64 * KIB, 64 * KIB],
  [64 * KIB + 1, 64 * KIB],
  [4 * MIB, 64 * KIB],
  [16 * MIB, 256 * KIB],
  [16 * MIB + 1, 256 * KIB + 1],
])('of a pack of %i bytes, the last %i are asked for', (packBytes, endBytes) => {
  expect(endBytesOf(packBytes)).toBe(endBytes)
})

test('an index of more than a fourth of its pack is too large, unless so much is asked for anyway', () => {
  expect(isIndexSmall(4 * MIB, 16 * MIB)).toBe(true)
  expect(isIndexSmall(4 * MIB + 1, 16 * MIB)).toBe(false)
  expect(isIndexSmall(64 * KIB, 65 * KIB)).toBe(true)
  expect(isIndexSmall(64 * KIB + 1, 65 * KIB)).toBe(false)
})

test('a third may be missing, and not a byte more', () => {
  expect(isLittle(0, 0)).toBe(true)
  expect(isLittle(5, 15)).toBe(true)
  expect(isLittle(5, 14)).toBe(false)
})

test('frames that are wanted are one run where little lies between them', () => {
  const pack = packOf([10, MIB, 20, MIB + 1, 30, 40])

  expect(planRuns([], pack)).toEqual([])
  expect(planRuns([0], pack)).toEqual([{ firstFrame: 0, endFrame: 1, start: 100, end: 110 }])
  expect(planRuns([0, 2], pack)).toEqual([
    { firstFrame: 0, endFrame: 3, start: 100, end: 100 + 10 + MIB + 20 },
  ])
  expect(planRuns([2, 4, 5], pack)).toEqual([
    { firstFrame: 2, endFrame: 3, start: 110 + MIB, end: 130 + MIB },
    { firstFrame: 4, endFrame: 6, start: 131 + 2 * MIB, end: 201 + 2 * MIB },
  ])
})

test('an empty frame is a run of nothing', () => {
  expect(planRuns([1], packOf([2 * MIB, 0, 2 * MIB]))).toEqual([
    { firstFrame: 1, endFrame: 2, start: 100 + 2 * MIB, end: 100 + 2 * MIB },
  ])
})

/** A pack whose frames have these many bytes, behind a header of 100. */
function packOf(sizes: readonly number[]): {
  frames: readonly Frame[]
  offsets: readonly number[]
} {
  let start = 100
  const offsets = sizes.map((size) => (start += size) - size)
  const frames = sizes.map((size): Frame => ({
    storedBytes: size,
    rawBytes: size,
    codec: 'stored',
  }))
  return { frames, offsets }
}
