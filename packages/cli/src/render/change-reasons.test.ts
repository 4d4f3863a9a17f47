import { expect, test } from 'vitest'
import { describeReason } from './change-reasons.ts'

/* A line of its own that begins with `::` is a command to some CI systems. */
test.each([
  ['a line feed', 'a\n::error::b', String.raw`changed: a\n::error::b`],
  ['an escape sequence', 'a\u001b[31mb', String.raw`changed: a\u001b[31mb`],
  ['a control character that JSON leaves alone', 'a\u009bb', String.raw`changed: a\u{9b}b`],
  ['a mark that turns text around', 'a\u202Eb', String.raw`changed: a\u{202e}b`],
  ['letters of any script', 'à-日本', 'changed: à-日本'],
])('%s in the name of a file stays on the line of its reason', (_, relativePath, line) => {
  expect(describeReason({ kind: 'file-changed', relativePath })).toBe(line)
})

test('what is newly declared is told from what has changed', () => {
  const named = (['declared', 'undeclared', 'other'] as const).flatMap((now) => [
    describeReason({ kind: 'env-changed', name: 'A', now }),
    describeReason({ kind: 'tool-changed', command: 'node --version', now }),
  ])

  expect(named).toEqual([
    'environment variable A counts now, but did not before',
    'a tool that counts now, but did not before: node --version',
    'environment variable A no longer counts',
    'a tool that no longer counts: node --version',
    'environment variable A has a different value',
    'tool version changed: node --version',
  ])
})
