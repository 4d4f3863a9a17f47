import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FIRST_CHAIN, chainOf, encodeAuditLine, parseAuditLine } from './audit-line.ts'
import type { AuditEvent, ChainHash } from './audit-line.ts'
import type { TaskKey } from './digest.ts'

const hash: ChainHash = (data) => createHash('sha256').update(data).digest('hex')
const KEY = `a3f2b1c8${'0'.repeat(56)}` as TaskKey
const AT = { timeMs: Date.UTC(2026, 1, 2, 14, 30, 45, 123) + 0.456, previous: FIRST_CHAIN, hash }

test('a line reads as the documents show it', () => {
  const event: AuditEvent = {
    kind: 'HIT',
    operation: 'get',
    task: 'model_training',
    key: KEY,
    fields: { saved_ms: 7 },
  }

  const { line, chain } = encodeAuditLine(event, AT)

  expect(line).toMatch(
    /^\[2026-02-02T14:30:45\.12345\dZ\] HIT get task=model_training hash=a3f2b1c8\.\.\. /,
  )
  expect(line).toMatch(
    new RegExp(`^\\S+ HIT get task=\\S+ hash=\\S+ key=${KEY} saved_ms=7 chain=[0-9a-f]{32}\\n$`),
  )
  expect(line.endsWith(`chain=${chain}\n`)).toBe(true)
})

test('an error reads as the documents show it', () => {
  const event: AuditEvent = {
    kind: 'ERROR',
    operation: 'hash_error',
    task: 'invalid_input',
    fields: { error: 'EOF' },
  }

  expect(encodeAuditLine(event, AT).line).toMatch(
    /\] ERROR hash_error task=invalid_input error=EOF chain=/,
  )
})

test('any value comes back as it was, and keeps to its line', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme', minLength: 1 }),
      (value, task) => {
        const event: AuditEvent = {
          kind: 'MISS',
          operation: 'get',
          task,
          fields: { because: value },
        }

        const { line, chain } = encodeAuditLine(event, AT)
        const parsed = parseAuditLine(line.slice(0, -1))

        expect(line.indexOf('\n')).toBe(line.length - 1)
        expect(line).not.toMatch(/[\p{Cc}\u2028\u2029](?!$)/u)
        expect(parsed?.fields.get('because')).toBe(value)
        expect(parsed?.fields.get('task')).toBe(task)
        expect(parsed).toMatchObject({ kind: 'MISS', operation: 'get', chain })
      },
    ),
  )
})

test('a value cannot pass for another field or another line', () => {
  const forged =
    'x key=0 chain=00000000000000000000000000000000\n[2026-02-02T14:30:45.000000Z] HIT get'
  const event: AuditEvent = { kind: 'MISS', operation: 'get', fields: { because: forged } }

  const { line } = encodeAuditLine(event, AT)

  expect(line.split('\n')).toHaveLength(2)
  expect(parseAuditLine(line.trimEnd())?.fields.get('key')).toBeUndefined()
  expect(parseAuditLine(line.trimEnd())?.fields.get('because')).toBe(forged)
})

test('the chain depends on the line and on all lines before', () => {
  const values = ['', 'a', 'b'].flatMap((previous) =>
    ['x', 'y'].map((body) => chainOf(previous, body, hash)),
  )

  expect(new Set(values).size).toBe(values.length)
})

test.each([
  '',
  'x',
  '[2026] HIT get',
  '[t] NOPE get chain=00000000000000000000000000000000',
  '[t] HIT get a="open chain=00000000000000000000000000000000',
])('%j is no line', (text) => {
  expect(parseAuditLine(text)).toBeUndefined()
})
