import { expect, test } from 'vitest'
import type { LogStream } from '../model/recorded-log.ts'
import { createLineWatch } from './line-watch.ts'

test.each<[string, [LogStream, string][], LogStream | undefined]>([
  ['nothing', [], undefined],
  ['whole lines', [['stdout', 'one\ntwo\n']], undefined],
  ['half a line', [['stdout', 'one\ntwo']], 'stdout'],
  [
    'half a line that the next piece ends',
    [
      ['stdout', 'one'],
      ['stdout', '\n'],
    ],
    undefined,
  ],
  [
    'half a line that the other stream ends',
    [
      ['stdout', 'one'],
      ['stderr', '\n'],
    ],
    undefined,
  ],
  [
    'half a line on the other stream',
    [
      ['stdout', 'one\n'],
      ['stderr', 'oh'],
    ],
    'stderr',
  ],
  [
    'colours after a whole line',
    [
      ['stdout', 'one\n'],
      ['stdout', '\u001b[0m\u001b[0m'],
    ],
    undefined,
  ],
  ['colours after half a line', [['terminal', '\u001b[1mone\u001b[0m']], 'terminal'],
  ['nothing but colours', [['stdout', '\u001b[0m']], undefined],
  ['a return', [['terminal', '50 %\r']], 'terminal'],
  ['a long line', [['stdout', 'x'.repeat(1_000)]], 'stdout'],
  ['a long line that is ended', [['stdout', `${'x'.repeat(1_000)}\n`]], undefined],
])('%s', (_what, pieces, expected) => {
  const watch = createLineWatch()

  for (const [stream, text] of pieces) watch.see(stream, Buffer.from(text))

  expect(watch.openLine).toBe(expected)
})
