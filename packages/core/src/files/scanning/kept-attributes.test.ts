import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isSameMode, isSameTime, toMicroseconds } from './kept-attributes.ts'

const TIMES = fc.integer({ min: 1, max: 4e15 })

describe('on Windows', () => {
  test('a time that was read comes back when it is set', () => {
    fc.assert(
      fc.property(TIMES, (us) => {
        const read = toMicroseconds(us / 1_000, 'win32')

        expect(toMicroseconds(setOnWindows(read), 'win32')).toBe(read)
      }),
    )
  })

  test('a time of another system is known again, and a later one is another', () => {
    fc.assert(
      fc.property(TIMES, (us) => {
        const found = toMicroseconds(setOnWindows(us), 'win32')

        expect(isSameTime(us, found, 'win32')).toBe(true)
        expect(isSameTime(us, found + 20, 'win32')).toBe(false)
      }),
    )
  })

  test('a mode is whether a file may be written to', () => {
    expect(isSameMode('file', [0o755, 0o666], 'win32')).toBe(true)
    expect(isSameMode('file', [0o555, 0o666], 'win32')).toBe(false)
    expect(isSameMode('directory', [0o555, 0o666], 'win32')).toBe(true)
  })
})

test('elsewhere modes and times are what they are', () => {
  expect(toMicroseconds(1.0014, 'linux')).toBe(1_001)
  expect(isSameTime(1_001, 1_002, 'linux')).toBe(false)
  expect(isSameMode('file', [0o755, 0o777], 'linux')).toBe(false)
  expect(isSameMode('directory', [0o755, 0o777], 'linux')).toBe(false)
})

/** What Node makes of a time there: 100 ns since 1601, computed in a double, which has steps of 1.6 µs by now. */
function setOnWindows(us: number): number {
  const ticks = Math.floor((us / 1e6) * 1e7 + 116_444_736_000_000_000)
  const ns = (BigInt(ticks) - 116_444_736_000_000_000n) * 100n
  return Number(ns / 1_000_000_000n) * 1e3 + Number(ns % 1_000_000_000n) / 1e6
}
