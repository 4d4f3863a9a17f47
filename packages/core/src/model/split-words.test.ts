import fc from 'fast-check'
import { expect, test } from 'vitest'
import { splitWords } from './split-words.ts'

test.each([
  ['node --version', ['node', '--version']],
  ['  a\tb\n c ', ['a', 'b', 'c']],
  [`sh -c 'cat $HOME | wc'`, ['sh', '-c', 'cat $HOME | wc']],
  [`"a b"c'd e' f`, ['a bcd e', 'f']],
  ['a\\ b \\$x', ['a b', '$x']],
  [`"say \\"hi\\" \\$x \\n"`, [`say "hi" $x \\n`]],
  [`x '' ""`, ['x', '', '']],
  ['./node_modules/.bin/tsc -v', ['./node_modules/.bin/tsc', '-v']],
  ['gcc *.c #1', ['gcc', '*.c', '#1']],
])('%j is split as by a shell', (line, words) => {
  expect(splitWords(line)).toEqual(words)
})

test.each([
  'a $HOME',
  'a `id`',
  'a | b',
  'a; b',
  'a && b',
  'a > b',
  'a < b',
  'a $(b)',
  '"$HOME"',
  '"`id`"',
  '(a)',
])('%j is refused, since it needs a shell', (line) => {
  expect(() => splitWords(line)).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' }))
  expect(() => splitWords(line)).toThrow(/needs a shell/)
})

test.each(['', '   ', `a 'b`, 'a "b', 'a \\'])('%j is refused', (line) => {
  expect(() => splitWords(line)).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' }))
})

test('words in single quotes come back as they were', () => {
  const word = fc.string({ unit: 'grapheme', maxLength: 12 })
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), (words) => {
      const line = words.map((text) => `'${text.replaceAll(`'`, `'\\''`)}'`).join(' ')
      expect(splitWords(line)).toEqual(words)
    }),
  )
})
