import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sha256 } from '../hashing/sha256.ts'
import { digestFromBytes } from './digest.ts'
import type { Digest } from './digest.ts'
import { encodeFingerprint, withKey, parseFingerprint } from './fingerprint.ts'
import type { FileInput, Fingerprint } from './fingerprint.ts'
import { parseTaskName } from './task.ts'

const digests: fc.Arbitrary<Digest> = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => digestFromBytes(bytes))
const texts = fc.string({
  unit: fc.constantFrom('a', 'é', '\t', '\n', '\\', ' ', '-', '/', '😀'),
  minLength: 1,
  maxLength: 8,
})
const named = fc.array(fc.record({ name: texts, digest: fc.option(digests, { nil: undefined }) }), {
  maxLength: 3,
})
const files: fc.Arbitrary<FileInput[]> = fc.array(
  fc.record({
    relativePath: texts,
    kind: fc.constantFrom('file', 'executable', 'symlink'),
    digest: digests,
  }),
  { maxLength: 4 },
)
const optional = fc.option(digests, { nil: undefined })
const fingerprints: fc.Arbitrary<Fingerprint> = fc.record(
  {
    algorithm: fc.constantFrom('blake3', 'sha256'),
    task: fc.constantFrom('a', 'unit_tests', 'env').map(parseTaskName),
    command: optional,
    salt: optional,
    content: optional,
    outputs: digests,
    env: named,
    tools: named,
    files,
  },
  {
    requiredKeys: ['algorithm', 'task', 'command', 'salt', 'content', 'env', 'tools', 'files'],
  },
)

// So different fingerprints have different texts too, and different keys.
test('a fingerprint survives the way to text and back', () => {
  fc.assert(
    fc.property(fingerprints, (fingerprint) => {
      expect(parseFingerprint(encodeFingerprint(fingerprint))).toEqual(fingerprint)
    }),
  )
})

test('no damage of the text goes unnoticed: it is refused, or is another fingerprint', () => {
  const flip = fc.record({ at: fc.nat(), bit: fc.nat({ max: 6 }) })
  fc.assert(
    fc.property(fingerprints, flip, (fingerprint, { at, bit }) => {
      const bytes = Buffer.from(encodeFingerprint(fingerprint))
      bytes[at % bytes.length]! ^= 1 << bit
      try {
        expect(parseFingerprint(bytes.toString())).not.toEqual(fingerprint)
      } catch (error) {
        expect(error).toHaveProperty(
          'code',
          expect.stringMatching(/^(ENTRY_DAMAGED|TASK_NAME_INVALID)$/),
        )
      }
    }),
  )
})

test('the text of a fingerprint never changes: keys of earlier versions stay good', () => {
  const digest = digestFromBytes(Buffer.alloc(32, 0xab))
  const text = encodeFingerprint({
    algorithm: 'sha256',
    task: parseTaskName('unit_tests'),
    command: digest,
    salt: undefined,
    content: undefined,
    env: [
      { name: 'CI', digest },
      { name: 'HOME', digest: undefined },
    ],
    tools: [{ name: 'node --version', digest }],
    files: [
      { relativePath: 'bin/x', kind: 'executable', digest },
      { relativePath: 'src/a\tb', kind: 'file', digest },
    ],
  })

  const hex = 'ab'.repeat(32)
  expect(text).toBe(
    [
      'taskvault-fingerprint 1 sha256',
      'task\tunit_tests',
      `command\t${hex}`,
      `env\t${hex}\tCI`,
      'env\t-\tHOME',
      `tool\t${hex}\tnode --version`,
      `executable\t${hex}\tbin/x`,
      `file\t${hex}\tsrc/a\\tb`,
      '',
    ].join('\n'),
  )
})

test('a key is the digest of the text', () => {
  const fingerprint = { ...EMPTY, task: parseTaskName('a') }

  expect(withKey(fingerprint, sha256).key).toBe(
    sha256.hash(Buffer.from('taskvault-fingerprint 1 sha256\ntask\ta\n')).toString('hex'),
  )
})

test('a fingerprint has no key of another algorithm', () => {
  expect(() => withKey({ ...EMPTY, algorithm: 'blake3' }, sha256)).toThrow('has no sha256 key')
})

test.each([
  ['', 'nothing'],
  ['taskvault-fingerprint 2 sha256\ntask\ta\n', 'another version'],
  ['taskvault-fingerprint 1 sha256\ntask\ta', 'an open end'],
  ['taskvault-fingerprint 1 sha256\ntask\ta\ntask\tb\n', 'two tasks'],
  ['taskvault-fingerprint 1 sha256\ntask\ta\nfile\tabc\tx\n', 'a short digest'],
  ['taskvault-fingerprint 1 sha256\ntask\ta\ntoString\tb\n', 'an unknown line'],
  [`taskvault-fingerprint 1 sha256\ntask\ta\nfile\t${'0'.repeat(64)}\tx\ty\n`, 'too many fields'],
])('%j is refused: %s', (text) => {
  expect(() => parseFingerprint(text)).toThrow(expect.objectContaining({ code: 'ENTRY_DAMAGED' }))
})

const EMPTY: Fingerprint = {
  algorithm: 'sha256',
  task: parseTaskName('t'),
  command: undefined,
  salt: undefined,
  content: undefined,
  env: [],
  tools: [],
  files: [],
}
