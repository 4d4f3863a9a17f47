import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeBegunWork, parseBegunWork } from './begun-work.ts'
import type { BegunWork } from './begun-work.ts'
import type { Digest, TaskKey } from './digest.ts'
import { parseTaskName } from './task.ts'

const DIGEST = 'a'.repeat(64) as Digest
const TASK = parseTaskName('unit')
const WORK: BegunWork = {
  task: TASK,
  startedAtMs: 1,
  nothingToSave: undefined,
  key: DIGEST as Digest & TaskKey,
  fingerprint: {
    algorithm: 'sha256',
    task: TASK,
    command: DIGEST,
    salt: undefined,
    env: [{ name: 'MODE', digest: undefined }],
    tools: [],
    files: [{ relativePath: 'a b', kind: 'file', digest: DIGEST }],
    content: undefined,
  },
  inputs: ['src/**'],
  outputs: [],
  salt: undefined,
  command: undefined,
  relativeDirectory: '',
  isCache: false,
  isLoose: false,
  outputPatterns: ['packages/*/dist'],
}

describe('begun work', () => {
  test('comes back as it was left, whatever its texts are', () => {
    const text = fc.string({ unit: 'binary' })
    const command = fc.oneof(text, fc.array(text), fc.constant(undefined))
    const changes = fc.record({
      startedAtMs: fc.nat(),
      inputs: fc.array(text),
      outputs: fc.array(text),
      salt: fc.option(text, { nil: undefined }),
      command,
      relativeDirectory: text,
      isCache: fc.boolean(),
    })

    fc.assert(
      fc.property(changes, (fields) => {
        const work = { ...WORK, ...fields }

        expect(parseBegunWork(encodeBegunWork(work))).toEqual(work)
      }),
    )
  })

  test.each(['restored', 'trouble', 'read-only'] as const)(
    'without a fingerprint: %s',
    (because) => {
      const work = { ...WORK, fingerprint: undefined, nothingToSave: because }

      expect(parseBegunWork(encodeBegunWork(work))).toEqual(work)
    },
  )

  test.each([
    ['nothing', ''],
    ['another document', '[]'],
    ['null', 'null'],
    ['a task that is none', changed({ task: 'a b' })],
    ['a time that is none', changed({ startedAtMs: 'now' })],
    ['a reason that there is not', changed({ nothingToSave: 'because' })],
    ['inputs that are no list', changed({ inputs: 'src' })],
    ['an output that is no text', changed({ outputs: [1] })],
    ['a command of numbers', changed({ command: [1] })],
    ['no fingerprint and something to save', changed({ fingerprint: undefined })],
    ['a fingerprint of something else', changed({ fingerprint: 'x' })],
    ['a key that is none', changed({ key: 'x' })],
    ['a later format', changed({ format: 2 })],
  ])('is refused when it is %s', (_, text) => {
    expect(() => parseBegunWork(text)).toThrow(
      expect.objectContaining({
        code: expect.stringMatching(/^(ENTRY_DAMAGED|FORMAT_UNSUPPORTED)$/),
      }),
    )
  })
})

function changed(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...(JSON.parse(encodeBegunWork(WORK)) as object), ...fields })
}
