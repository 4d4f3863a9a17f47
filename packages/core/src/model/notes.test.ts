import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MOST_NOTE_BYTES, areNotesSecret, encodeNotes, parseNotes } from './notes.ts'

describe('notes', () => {
  test('come back as they were, whatever bytes they are', () => {
    const names = fc.stringMatching(/^[A-Z_]{1,20}$/)
    fc.assert(
      fc.property(fc.dictionary(names, fc.uint8Array({ minLength: 1 })), (left) => {
        const notes = new Map(
          Object.entries(left).map(([name, bytes]) => [name, Buffer.from(bytes)]),
        )

        expect(parseNotes(encodeNotes(notes))).toEqual(notes)
      }),
    )
  })

  test('are the same text in whatever order they were left', () => {
    const [a, b] = [Buffer.from('a'), Buffer.from('b')]
    const [one, other] = [
      new Map([
        ['A', a],
        ['B', b],
      ]),
      new Map([
        ['B', b],
        ['A', a],
      ]),
    ]

    expect(encodeNotes(one)).toEqual(encodeNotes(other))
  })

  test('that were kept, and are none, are another thing than none that were kept', () => {
    const encoded = encodeNotes(new Map([['GITHUB_OUTPUT', Buffer.alloc(0)]]))

    expect(encoded.toString()).toBe('{}\n')
    expect(parseNotes(encoded)).toEqual(new Map())
  })

  test('that hold a secret are known', () => {
    const notes = new Map([['GITHUB_OUTPUT', Buffer.from('password=correct horse\n')]])

    expect(areNotesSecret(notes, ['battery', 'correct horse'])).toBe(true)
    expect(areNotesSecret(notes, ['battery'])).toBe(false)
  })

  test.each([
    '',
    'null',
    '7',
    '[]',
    '{}',
    '{"A":7}',
    '{"A":"!"}',
    '{"A":"YQ=="}',
    '{"A":""}\n',
    '{"A"',
    `{"A":"${'A'.repeat((MOST_NOTE_BYTES / 3) * 4 + 4)}"}\n`,
  ])('that read %.40j are refused', (text) => {
    expect(() => parseNotes(Buffer.from(text))).toThrow(
      expect.objectContaining({ code: 'ENTRY_DAMAGED' }),
    )
  })
})
