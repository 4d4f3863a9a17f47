import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { matchesGlob } from './matches-glob.ts'

describe('matchesGlob', () => {
  test.each([
    ['feature/*', 'feature/a', true],
    ['feature/*', 'feature/', true],
    ['feature/*', 'features/a', false],
    ['*', '', true],
    ['**', 'a/b', true],
    ['v?.?', 'v1.2', true],
    ['v?.?', 'v10.2', false],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['[a]', '[a]', true],
  ])('%s against %s: %s', (glob, subject, expected) => {
    expect(matchesGlob(glob, subject)).toBe(expected)
  })

  test('a name full of stars is decided quickly', () => {
    const glob = `${'*a'.repeat(90)}b`
    const startedAt = performance.now()

    matchesGlob(glob, 'a'.repeat(200))

    // One that tries all ways would not end.
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  })

  test('agrees with the same pattern as a regular expression', () => {
    const piece = fc.constantFrom('a', 'b', '/', '*', '?')
    const glob = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''))
    const subject = fc
      .array(fc.constantFrom('a', 'b', '/'), { maxLength: 8 })
      .map((pieces) => pieces.join(''))

    fc.assert(
      fc.property(glob, subject, (pattern, text) => {
        const expression = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`)
        expect(matchesGlob(pattern, text)).toBe(expression.test(text))
      }),
    )
  })
})
