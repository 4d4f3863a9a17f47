import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareEncoded } from './compare-encoded.ts'
import { digestFromBytes } from './digest.ts'
import type { Digest } from './digest.ts'
import { compareFingerprints } from './explain.ts'
import { findDifferingLines, replaceFiles } from './fingerprint-lines.ts'
import { encodeFingerprint } from './fingerprint.ts'
import type { FileInput, Fingerprint, NamedInput } from './fingerprint.ts'
import { parseTaskName } from './task.ts'

/* In UTF-16, which decides their order, the last but one name comes after the last one; in bytes before. */
const NAMES = ['a', 'a-b', 'a/b', 'a\tb', 'b\\', 'file', 'task', 'ä', '\u{ff5e}', '\u{1f600}']

const digests = fc.integer({ min: 1, max: 3 }).map(digest)
const named = fc
  .dictionary(fc.constantFrom(...NAMES), fc.option(digests, { nil: undefined }))
  .map((all): NamedInput[] =>
    sortedBy(Object.entries(all), ([name]) => name).map(([name, value]) => ({
      name,
      digest: value,
    })),
  )
const files = fc
  .uniqueArray(
    fc.record({
      relativePath: fc.constantFrom(...NAMES.flatMap((name) => [name, `x/${name}`])),
      kind: fc.constantFrom<FileInput['kind'][]>('file', 'executable', 'symlink'),
      digest: digests,
    }),
    { selector: ({ relativePath }) => relativePath },
  )
  .map((all) => sortedBy(all, ({ relativePath }) => relativePath))
const fingerprints: fc.Arbitrary<Fingerprint> = fc.record(
  {
    algorithm: fc.constantFrom('blake3', 'sha256'),
    task: fc.constant(parseTaskName('t')),
    command: fc.option(digests, { nil: undefined }),
    salt: fc.option(digests, { nil: undefined }),
    content: fc.option(digests, { nil: undefined }),
    outputs: digests,
    env: named,
    tools: named,
    files,
  },
  {
    requiredKeys: ['algorithm', 'task', 'command', 'salt', 'content', 'env', 'tools', 'files'],
  },
)

test('encoded fingerprints differ as they do when they are read', () => {
  fc.assert(
    fc.property(fingerprints, fingerprints, (before, after) => {
      expect(compareEncoded(encode(before), encode(after))).toEqual(
        compareFingerprints(before, after),
      )
    }),
  )
})

test('only lines that differ are read', () => {
  const many = Array.from({ length: 5_000 }, (_, at) => file(`f${String(at).padStart(5, '0')}`, 1))
  const before = of(many)
  const after = of([file('f00000', 2), ...many.slice(1, 4_000), ...many.slice(4_001)])

  const lines = findDifferingLines(encode(before), encode(after))

  expect(lines.before).toEqual([`file\t${digest(1)}\tf00000`, `file\t${digest(1)}\tf04000`])
  expect(lines.after).toEqual([`file\t${digest(2)}\tf00000`])
})

test('a fingerprint with other files is the one that would have been made of them', () => {
  fc.assert(
    fc.property(fingerprints, files, (before, after) => {
      const paths = new Set([...before.files, ...after].map(({ relativePath }) => relativePath))
      const changes = [...paths].map((relativePath) => ({
        relativePath,
        file: after.find((one) => one.relativePath === relativePath),
      }))

      expect(replaceFiles(encode(before), changes).toString()).toBe(
        encodeFingerprint({ ...before, files: after }),
      )
    }),
  )
})

function encode(fingerprint: Fingerprint): Buffer {
  return Buffer.from(encodeFingerprint(fingerprint))
}

function of(some: readonly FileInput[]): Fingerprint {
  const nothing = { command: undefined, salt: undefined, content: undefined, env: [], tools: [] }
  return { algorithm: 'blake3', task: parseTaskName('t'), ...nothing, files: some }
}

function file(relativePath: string, content: number): FileInput {
  return { relativePath, kind: 'file', digest: digest(content) }
}

function digest(content: number): Digest {
  return digestFromBytes(Buffer.alloc(32, content))
}

function sortedBy<Item>(items: readonly Item[], nameOf: (item: Item) => string): Item[] {
  return items.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
}
