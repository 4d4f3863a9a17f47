import { hash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { smallSha256 } from './small-sha256.ts'

test('any bytes have the digest that Node gives them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(smallSha256(bytes)).toBe(hash('sha256', bytes))
    }),
  )
})

test('so have all lengths around the size of a block', () => {
  for (let length = 0; length <= 200; length += 1) {
    const bytes = Buffer.alloc(length, length)
    expect(smallSha256(bytes)).toBe(hash('sha256', bytes))
  }
})
