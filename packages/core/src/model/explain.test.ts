import fc from 'fast-check'
import { expect, test } from 'vitest'
import { digestFromBytes } from './digest.ts'
import type { Digest } from './digest.ts'
import { compareFingerprints } from './explain.ts'
import { encodeFingerprint } from './fingerprint.ts'
import type { FileInput, Fingerprint } from './fingerprint.ts'
import { parseTaskName } from './task.ts'

test('equal fingerprints have no difference', () => {
  expect(compareFingerprints(of({ files: [file('a', 1)] }), of({ files: [file('a', 1)] }))).toEqual(
    [],
  )
})

test('each kind of change is named', () => {
  const before = of({
    command: digest(1),
    salt: digest(1),
    content: digest(1),
    outputs: digest(1),
    env: [
      { name: 'A', digest: digest(1) },
      { name: 'B', digest: undefined },
      { name: 'C', digest: digest(1) },
      { name: 'D', digest: digest(1) },
    ],
    tools: [
      { name: 'go version', digest: digest(1) },
      { name: 'node --version', digest: digest(1) },
    ],
    files: [
      file('changed', 1),
      file('gone', 2),
      file('link', 3),
      file('run.sh', 4),
      file('src/old.ts', 5),
    ],
  })
  const after = of({
    command: digest(2),
    salt: undefined,
    content: digest(2),
    env: [
      { name: 'A', digest: digest(2) },
      { name: 'B', digest: digest(1) },
      { name: 'C', digest: undefined },
      { name: 'E', digest: digest(1) },
    ],
    tools: [
      { name: 'node --version', digest: digest(2) },
      { name: 'tsc --version', digest: digest(2) },
    ],
    files: [
      file('changed', 9),
      file('link', 3, 'symlink'),
      file('new', 7),
      file('run.sh', 4, 'executable'),
      file('src/new.ts', 5),
    ],
  })

  expect(compareFingerprints(before, after)).toEqual([
    { kind: 'command-changed' },
    { kind: 'salt-changed' },
    { kind: 'content-changed' },
    { kind: 'outputs-changed' },
    { kind: 'tool-changed', command: 'go version', now: 'undeclared' },
    { kind: 'tool-changed', command: 'node --version', now: 'other' },
    { kind: 'tool-changed', command: 'tsc --version', now: 'declared' },
    { kind: 'env-changed', name: 'A', now: 'other' },
    { kind: 'env-changed', name: 'B', now: 'set' },
    { kind: 'env-changed', name: 'C', now: 'unset' },
    { kind: 'env-changed', name: 'D', now: 'undeclared' },
    { kind: 'env-changed', name: 'E', now: 'declared' },
    { kind: 'file-changed', relativePath: 'changed' },
    { kind: 'mode-changed', relativePath: 'run.sh', isExecutable: true },
    { kind: 'kind-changed', relativePath: 'link' },
    { kind: 'file-renamed', relativePath: 'src/new.ts', formerPath: 'src/old.ts' },
    { kind: 'file-added', relativePath: 'new' },
    { kind: 'file-removed', relativePath: 'gone' },
  ])
})

test('of several files with the same content, the one of the same name is the one that moved', () => {
  const before = of({ files: [file('a/index.ts', 1), file('a/other.ts', 1)] })
  const after = of({ files: [file('b/other.ts', 1)] })

  expect(compareFingerprints(before, after)).toEqual([
    { kind: 'file-renamed', relativePath: 'b/other.ts', formerPath: 'a/other.ts' },
    { kind: 'file-removed', relativePath: 'a/index.ts' },
  ])
})

test('that thousands of files have the same content makes it no slower', () => {
  const names = Array.from({ length: 20_000 }, (_, index) => String(index).padStart(5, '0'))
  const before = of({ files: names.map((name) => file(`${name}.old`, 1)) })
  const after = of({ files: names.map((name) => file(`${name}.new`, 1)) })

  const reasons = compareFingerprints(before, after)

  expect(reasons[0]).toEqual({
    kind: 'file-renamed',
    relativePath: '00000.new',
    formerPath: '00000.old',
  })
  expect(reasons.at(-1)).toEqual({ kind: 'and-more', count: 20_000 - 20 })
})

test('digests of different algorithms are not compared', () => {
  const before = of({ algorithm: 'sha256', files: [file('a', 1)] })

  expect(compareFingerprints(before, of({ files: [file('a', 2)] }))).toEqual([
    { kind: 'algorithm-changed' },
  ])
})

test('twenty differences of a kind are listed, the others counted', () => {
  const many = Array.from({ length: 25 }, (_, index) => file(`f${index}`, index))

  const reasons = compareFingerprints(of({}), of({ files: [...many], salt: digest(1) }))

  expect(reasons).toHaveLength(22)
  expect(reasons[0]).toEqual({ kind: 'salt-changed' })
  expect(reasons.at(-1)).toEqual({ kind: 'and-more', count: 5 })
})

test('a variable that is declared now, but not set, is a difference', () => {
  const after = of({ env: [{ name: 'A', digest: undefined }] })

  expect(compareFingerprints(of({}), after)).toEqual([
    { kind: 'env-changed', name: 'A', now: 'declared' },
  ])
})

test('there is a difference exactly when the texts differ', () => {
  const some = fc.uniqueArray(
    fc.record({
      relativePath: fc.constantFrom('a', 'b', 'c/d', 'c/e'),
      kind: fc.constantFrom<FileInput['kind'][]>('file', 'executable', 'symlink'),
      digest: fc.integer({ min: 1, max: 2 }).map(digest),
    }),
    { selector: ({ relativePath }) => relativePath },
  )
  const sorted = some.map((files) =>
    files.toSorted((a, b) => (a.relativePath < b.relativePath ? -1 : 1)),
  )
  fc.assert(
    fc.property(sorted, sorted, (before, after) => {
      const [one, other] = [of({ files: before }), of({ files: after })]
      const isEqual = encodeFingerprint(one) === encodeFingerprint(other)
      expect(compareFingerprints(one, other).length === 0).toBe(isEqual)
    }),
  )
})

function of(parts: Partial<Fingerprint>): Fingerprint {
  return {
    algorithm: 'blake3',
    task: parseTaskName('t'),
    command: undefined,
    salt: undefined,
    content: undefined,
    env: [],
    tools: [],
    files: [],
    ...parts,
  }
}

function file(relativePath: string, content: number, kind: FileInput['kind'] = 'file'): FileInput {
  return { relativePath, kind, digest: digest(content) }
}

function digest(content: number): Digest {
  return digestFromBytes(Buffer.alloc(32, content))
}
