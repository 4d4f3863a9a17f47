import { expect, test } from 'vitest'
import {
  formatAge,
  formatBytes,
  formatDuration,
  formatGigabytes,
  formatTime,
} from './quantities.ts'

test.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [1023, '1023 bytes'],
  [1024, '1.00 KB'],
  [5_242_880, '5.00 MB'],
  [2 ** 60, '1024.00 PB'],
])('%d bytes are shown as %s', (sizeBytes, expected) => {
  expect(formatBytes(sizeBytes)).toBe(expected)
})

test('gigabytes have two decimals, however few they are', () => {
  expect([0, 1, 7_977_901_424, 10 * 2 ** 30].map(formatGigabytes)).toEqual([
    '0.00 GB',
    '0.00 GB',
    '7.43 GB',
    '10.00 GB',
  ])
})

test.each([
  [0, '0 ms'],
  [999.4, '999 ms'],
  [999.7, '1.0 s'],
  [12_340, '12.3 s'],
  [59_999, '59.9 s'],
  [245_000, '4 min 05 s'],
  [11_220_000, '3 h 07 min'],
  [604_800_000, '7 d 0 h'],
])('%d ms are shown as %s', (durationMs, expected) => {
  expect(formatDuration(durationMs)).toBe(expected)
})

test('times are in UTC, to the second', () => {
  expect(formatTime(Date.UTC(2026, 1, 2, 14, 30, 45, 123))).toBe('2026-02-02 14:30:45Z')
})

test.each([
  [-5000, 'just now'],
  [0, 'just now'],
  [1000, '1 second ago'],
  [59_999, '59 seconds ago'],
  [60_000, '1 minute ago'],
  [7_200_000, '2 hours ago'],
  [86_400_000 * 40, '40 days ago'],
])('%i ms ago is %s', (ageMs, text) => {
  expect(formatAge(ageMs)).toBe(text)
})
