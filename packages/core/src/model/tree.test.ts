import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isTaskVaultError } from '../errors.ts'
import type { Digest } from './digest.ts'
import { checkWindowsName, encodeTreeNode, isPathSegment, parseTreeNode } from './tree.ts'
import type { TreeEntry } from './tree.ts'

const digest = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('hex') as Digest)
const name = fc.string({ minLength: 1, maxLength: 40, unit: 'binary' }).filter(isPathSegment)
const mode = fc.integer({ min: 0, max: 0o777 })
const mtimeUs = fc.integer({ min: -1e15, max: 4e15 })
const entry: fc.Arbitrary<TreeEntry> = fc.oneof(
  fc.record({
    kind: fc.constant('file' as const),
    name,
    mode,
    mtimeUs,
    digest,
    sizeBytes: fc.integer({ min: 0, max: 2 ** 40 }),
  }),
  fc.record({ kind: fc.constant('directory' as const), name, mode, mtimeUs, digest }),
  fc.record({
    kind: fc.constant('symlink' as const),
    name,
    mtimeUs,
    target: fc.string({ minLength: 1, unit: 'binary' }).filter((text) => !text.includes('\0')),
  }),
)
const node = fc
  .uniqueArray(entry, { selector: (item) => item.name })
  .map((entries) => entries.toSorted((a, b) => (a.name < b.name ? -1 : 1)))

describe('tree nodes', () => {
  test('come back as they were, whatever the names and targets', () => {
    fc.assert(
      fc.property(node, (entries) => {
        expect(parseTreeNode(encodeTreeNode(entries))).toEqual(entries)
      }),
    )
  })

  test('are refused or read, but never crash, when any byte is changed', () => {
    fc.assert(
      fc.property(node, fc.nat(), fc.string({ maxLength: 2 }), (entries, at, other) => {
        const text = encodeTreeNode(entries)
        const changed =
          text.slice(0, at % (text.length + 1)) + other + text.slice((at % (text.length + 1)) + 1)
        try {
          for (const item of parseTreeNode(changed)) expect(isPathSegment(item.name)).toBe(true)
        } catch (error) {
          expect(isTaskVaultError(error, 'ENTRY_DAMAGED')).toBe(true)
        }
      }),
    )
  })

  const hash = 'a'.repeat(64)
  const hostile: Readonly<Record<string, string>> = {
    'a parent': `f\t644\t1\t1\t${hash}\t..\n`,
    'the directory itself': `d\t755\t-\t1\t${hash}\t.\n`,
    'an absolute path': `f\t644\t1\t1\t${hash}\t/etc/passwd\n`,
    'a path of two segments': `f\t644\t1\t1\t${hash}\ta/b\n`,
    'a NUL in a name': `f\t644\t1\t1\t${hash}\ta\0b\n`,
    'no name': `f\t644\t1\t1\t${hash}\t\n`,
    'a setuid bit': `f\t4755\t1\t1\t${hash}\ta\n`,
    'a device': `c\t644\t1\t1\t${hash}\ta\n`,
    'a name twice': `f\t644\t1\t1\t${hash}\ta\nf\t644\t1\t1\t${hash}\ta\n`,
    'names out of order': `f\t644\t1\t1\t${hash}\tb\nf\t644\t1\t1\t${hash}\ta\n`,
    'a negative size': `f\t644\t-1\t1\t${hash}\ta\n`,
    'a digest that is none': `f\t644\t1\t1\t../../x\ta\n`,
    'an unknown escape': `f\t644\t1\t1\t${hash}\ta\\x\n`,
    'a cut last line': `f\t644\t1\t1\t${hash}\ta`,
  }
  test.each(Object.entries(hostile))('with %s are refused', (_, text) => {
    expect(() => parseTreeNode(text)).toThrow(expect.objectContaining({ code: 'ENTRY_DAMAGED' }))
  })
})

describe('names on Windows', () => {
  test.each([
    '..\\up',
    'C:x',
    'file:stream',
    'con',
    'NUL.txt',
    'Com1',
    'lpt9.log',
    'end.',
    'end ',
    'a*',
    'q?',
  ])('%j is refused', (odd) =>
    expect(() => checkWindowsName(odd)).toThrow(
      expect.objectContaining({ code: 'NAME_UNSUPPORTED' }),
    ),
  )

  test.each(['console', 'nulls', 'com10', '.hidden', 'a.b', 'ü', 'with space'])(
    '%j is a name',
    (plain) => expect(() => checkWindowsName(plain)).not.toThrow(),
  )
})
