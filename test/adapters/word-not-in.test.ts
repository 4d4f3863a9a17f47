import { expect, test } from 'vitest'
import { wordNotIn } from '../../actions/cache-action/src/word-not-in.ts'

test('a text that counts words keeps nobody looking for one that is not in it', () => {
  const words = Array.from({ length: 60_000 }, (_, index) => `taskvault-${index}`)
  const word = wordNotIn(words.join('\n'))

  expect(words).not.toContain(word)
})
