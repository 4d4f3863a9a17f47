import { expect, test } from 'vitest'
import { createTerminalLines } from './terminal-lines.ts'

test.each([
  [['a\r\nb\r\n'], 'a\nb\n'],
  [['a\r', '\nb'], 'a\nb'],
  [['a\r', '\r', '\nb'], 'a\r\nb'],
  [['10%\r', '20%\r'], '10%\r20%\r'],
  [['é\r\n', '\u{1F600}'], 'é\n\u{1F600}'],
  [['', 'a'], 'a'],
])('of %j remains %j', (pieces, remaining) => {
  const lines = createTerminalLines()

  const given = [...pieces.map((piece) => lines.push(Buffer.from(piece))), lines.end()]

  expect(Buffer.concat(given).toString()).toBe(remaining)
})
