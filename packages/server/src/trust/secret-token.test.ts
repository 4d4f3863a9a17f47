import { randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { digestOfSecret, isDigestOf } from './secret-digest.ts'
import { createSecretToken, parseSecretToken } from './secret-token.ts'

test('a token is read back, by its own prefix only', () => {
  const { id, text } = createSecretToken('tv', randomBytes)

  expect(parseSecretToken('tv', text)).toEqual({ id, text })
  expect(parseSecretToken('tvs', text)).toBeUndefined()
  expect(parseSecretToken('tv', text.replace('tv_', 'tvs_'))).toBeUndefined()
})

test('a token has 256 random bits, besides its id', () => {
  const asked: number[] = []

  createSecretToken('tvs', (size) => {
    asked.push(size)
    return randomBytes(size)
  })

  expect(asked).toEqual([12, 32])
})

test('a token in which one character is another is known to be none, without asking anybody', () => {
  const { text } = createSecretToken('tv', randomBytes)
  const change = fc.record({
    at: fc.nat(text.length - 1),
    to: fc.stringMatching(/^[A-Za-z0-9_-]$/),
  })

  fc.assert(
    fc.property(change, ({ at, to }) => {
      fc.pre(text[at] !== to)

      expect(parseSecretToken('tv', text.slice(0, at) + to + text.slice(at + 1))).toBeUndefined()
    }),
  )
})

test('a token is compared by its digest, whole', () => {
  const [one, two] = [createSecretToken('tv', randomBytes), createSecretToken('tv', randomBytes)]

  expect(isDigestOf(digestOfSecret(one.text), one.text)).toBe(true)
  expect(isDigestOf(digestOfSecret(one.text), two.text)).toBe(false)
  expect(isDigestOf(digestOfSecret(one.text).slice(0, 32), one.text)).toBe(false)
  expect(isDigestOf('', one.text)).toBe(false)
})
