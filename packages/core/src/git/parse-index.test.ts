import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { openProject } from '../testing/temporary-project.ts'
import { parseIndex } from './parse-index.ts'

const paths = [
  'a.b',
  'a/b',
  'a/bb/c',
  'abcdefg',
  'abcdefgh',
  'abcdefghi',
  'ä/ö',
  'x\ny',
  'z'.repeat(200),
  `deep/${'d/'.repeat(60)}e`,
]

test.each(['2', '3', '4'])('version %s of the index is read as git reads it', (version) => {
  const { index, listing } = indexOf(paths, version)

  expect(index.readUInt32BE(4)).toBe(Number(version))
  expect(
    parseIndex(index, 20)?.map(
      ({ mode, id, stage, path }) => `${mode.toString(8)} ${id} ${stage}\t${path}`,
    ),
  ).toEqual(listing)
})

test('an index that is cut off anywhere is left to git', () => {
  const { index } = indexOf(paths, '2')

  for (let length = 0; length < index.length; length += 1) {
    expect(parseIndex(index.subarray(0, length), 20)).toBeUndefined()
  }
})

test('an index that is damaged anywhere is left to git', () => {
  const { index } = indexOf(paths, '4')
  fc.assert(
    fc.property(
      fc.nat({ max: index.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      (at, change) => {
        const damaged = Buffer.from(index)
        damaged[at]! ^= change
        expect(parseIndex(damaged, 20)).toBeUndefined()
      },
    ),
  )
})

test('an index without a checksum is read, and damage in it crashes nothing', () => {
  const { index } = indexOf(paths, '4')
  index.fill(0, index.length - 20)
  expect(parseIndex(index, 20)).toHaveLength(paths.length)

  fc.assert(
    fc.property(
      fc.nat({ max: index.length - 21 }),
      fc.uint8Array({ minLength: 1, maxLength: 8 }),
      (at, noise) => {
        const damaged = Buffer.from(index)
        damaged.set(noise.subarray(0, index.length - 20 - at), at)
        expect(() => parseIndex(damaged, 20)).not.toThrow()
      },
    ),
  )
})

function indexOf(
  files: readonly string[],
  version: string,
): { readonly index: Buffer; readonly listing: string[] } {
  const project = openProject(Object.fromEntries(files.map((path) => [path, path])))
  onTestFinished(() => project[Symbol.dispose]())
  project.git('init', '--quiet')
  project.git('add', '.')
  // Version 3 is written only when an entry needs it.
  if (version === '3') {
    project.write({ later: '' })
    project.git('add', '--intent-to-add', 'later')
  } else project.git('update-index', '--index-version', version)
  const listing = project.git('ls-files', '--stage', '-z').split('\0').slice(0, -1)
  return { index: readFileSync(join(project.root, '.git/index')), listing }
}
