import { expect, test } from 'vitest'
import { createAddressRanges, isAddressRange } from './address-range.ts'

test.each([
  ['10.0.0.0/8', '10.255.0.1', true],
  ['10.0.0.0/8', '11.0.0.1', false],
  ['10.0.0.7', '10.0.0.7', true],
  ['10.0.0.7', '10.0.0.8', false],
  ['0.0.0.0/0', '203.0.113.9', true],
  ['0.0.0.0/0', '2001:db8::1', false],
  ['::/0', '2001:db8::1', true],
  ['2001:db8::/32', '2001:db8:1::1', true],
  ['2001:db8::/32', '2001:db9::1', false],
  ['10.0.0.0/8', '::ffff:10.0.0.1', true],
  ['10.0.0.0/8', '::FFFF:11.0.0.1', false],
  ['10.0.0.0/8', 'localhost', false],
  ['10.0.0.0/8', '', false],
])('%s has %s: %s', (range, address, isInside) => {
  expect(createAddressRanges([range])(address)).toBe(isInside)
})

const NO_RANGES =
  '10.0.0.0/33 10.0.0.0/-1 10.0.0.0/ 10.0.0.0/8/8 10.0.0 example.com ::/129 fe80::1%eth0 10.0.0.0/1e1'

test.each(['', ' 10.0.0.0/8', '0x0a.0.0.1', ...NO_RANGES.split(' ')])('%j is no range', (text) => {
  expect(isAddressRange(text)).toBe(false)
})
