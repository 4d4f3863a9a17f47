import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createInputSelection } from '../files/selection/input-selection.ts'
import { selectsPath } from '../files/selection/select-path.ts'
import { openProject } from '../testing/temporary-project.ts'
import type { TemporaryProject } from '../testing/temporary-project.ts'
import { readCachedTree } from './cached-tree.ts'
import { decodeRecords, encodeRecords, readIndexRecords } from './index-records.ts'
import type { RecordRequest } from './index-records.ts'
import { parseIndex } from './parse-index.ts'

/** Longer than the index has room for its length. */
const LONG_PATH = `${`${'z'.repeat(200)}/`.repeat(21)}end`

const ALL: RecordRequest = {
  idBytes: 20,
  prefix: '',
  selects: () => true,
  selectsBelow: () => 'each',
  mayContain: () => true,
}

test('records are what the slow reader finds, whatever is in the index', () => {
  const path = fc.constantFrom('a', 'b/c', 'b/ä', 'b/c.d', 'x y', LONG_PATH)
  const mode = fc.constantFrom('100644', '100755', '120000')
  const entries = fc.uniqueArray(fc.tuple(path, mode), {
    minLength: 1,
    maxLength: 5,
    selector: ([name]) => name,
  })
  fc.assert(
    fc.property(entries, fc.constantFrom('', 'b/'), (made, prefix) => {
      using project = openProject()
      project.git('init', '-q')
      // No two of these can be files and directories of one name.
      for (const [name, bits] of made) {
        project.git('update-index', '--add', '--cacheinfo', `${bits},${blob(project)},${name}`)
      }
      const bytes = indexOf(project)

      const records = readIndexRecords(bytes, { ...ALL, prefix })

      expect(records && decodeRecords(records, 20)).toEqual(
        (parseIndex(bytes, 20) ?? [])
          .filter((entry) => entry.path.startsWith(prefix))
          .map((entry) => ({
            isUtf8: true,
            relativePath: entry.path.slice(prefix.length),
            blobId: entry.id,
            kind: KINDS[entry.mode],
          })),
      )
      expect(records && encodeRecords(decodeRecords(records, 20))).toEqual(records)
    }),
    { numRuns: 25 },
  )
})

test('directories that are decided as a whole hold what their files say one by one', () => {
  const name = fc.constantFrom('a', 'b', 'a.ts', '.x', '.taskvault', 'é')
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => `${names.join('/')}/f`)
  const pattern = fc.constantFrom(
    '?**',
    '?a/**',
    '?a',
    '?a/b',
    '!a/b',
    '?**/*.ts',
    '!**/a',
    '?a/b/a/f',
    '!b/**',
    '?.x/**',
  )
  const patterns = fc
    .array(pattern, { minLength: 1, maxLength: 4 })
    .filter((texts) => texts.some((text) => !text.startsWith('!')))
  const outputs = fc.subarray(['a', 'a/b', 'b/a/f', '.x'])
  const paths = fc.uniqueArray(path, { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(paths, patterns, outputs, (names, texts, written) => {
      using project = openProject(Object.fromEntries(names.map((each) => [each, ''])))
      project.git('init', '-q')
      project.git('add', '--force', '.')
      const bytes = indexOf(project)
      const read = (selectsBelow: RecordRequest['selectsBelow'] | undefined) => {
        const selection = createInputSelection(project.root, { patterns: texts, outputs: written })
        const selects = (relativePath: string): boolean => {
          const isSelected = selectsPath(selection, relativePath)
          if (isSelected) selection.take(relativePath)
          return isSelected
        }
        const below = selectsBelow ?? ((directory: string) => selection.wantsBelow(directory))
        return readIndexRecords(bytes, { ...ALL, selects, selectsBelow: below })
      }

      expect(read(undefined)).toEqual(read(() => 'each'))
    }),
    { numRuns: 30 },
  )
})

describe('left to the slow reader', () => {
  test.each<[string, (project: TemporaryProject) => void]>([
    ['an index of version 4', (project) => project.git('update-index', '--index-version', '4')],
    ['a split index', (project) => project.git('update-index', '--split-index')],
    [
      'a conflict',
      (project) => {
        project.git('update-index', '--force-remove', 'a')
        const line = `100644 ${blob(project)} 2\ta`
        project.git('-c', `alias.x=!printf '%s\\n' '${line}' | git update-index --index-info`, 'x')
      },
    ],
    [
      'a submodule that may count',
      (project) =>
        project.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},s`),
    ],
    [
      'a name that is no UTF-8',
      (project) => {
        writeFileSync(Buffer.concat([Buffer.from(`${project.root}/`), Buffer.from([0xe9])]), '')
        project.git('add', '.')
      },
    ],
  ])('%s', (_, change) => {
    const project = committed()
    change(project)

    expect(readIndexRecords(indexOf(project), ALL)).toBeUndefined()
  })

  test('every index that is cut off, unless it has all of its entries', () => {
    const bytes = indexOf(committed())
    const whole = readIndexRecords(bytes, ALL)

    for (let length = 0; length < bytes.length; length += 1) {
      expect([undefined, whole]).toContainEqual(readIndexRecords(bytes.subarray(0, length), ALL))
    }
    expect(whole).toBeDefined()
  })
})

test('what is only intended to be added is not there, and flags do not matter', () => {
  const project = committed()
  const before = readIndexRecords(indexOf(project), ALL)
  project.write({ later: '' })
  project.git('add', '--intent-to-add', 'later')
  project.git('update-index', '--assume-unchanged', 'a')
  project.git('update-index', '--skip-worktree', 'b/c')

  expect(readIndexRecords(indexOf(project), ALL)).toEqual(before)
})

describe('the tree that git has left word of', () => {
  test('is that of the commit, until something is staged', () => {
    const project = committed()
    const tree = project.git('rev-parse', 'HEAD^{tree}').trim()

    expect(readCachedTree(indexOf(project), 20)).toBe(tree)
    project.write({ a: 'staged' })
    project.git('add', 'a')
    expect(readCachedTree(indexOf(project), 20)).toBeUndefined()
    expect(project.git('write-tree').trim()).toBe(readCachedTree(indexOf(project), 20))
  })

  test('is found in every version and kind of index', () => {
    const project = committed()
    const tree = project.git('rev-parse', 'HEAD^{tree}').trim()
    const found = ['--index-version=4', '--split-index'].map((option) => {
      project.git('update-index', option.split('=')[0] ?? '', ...option.split('=').slice(1))
      project.git('write-tree')
      return readCachedTree(indexOf(project), 20)
    })

    expect(found[0]).toBe(tree)
    // A split index may keep its trees in the part that is shared.
    expect([tree, undefined]).toContain(found[1])
  })

  test('is not taken from a name of a file, or from an index that is cut off', () => {
    const project = committed()
    project.write({ 'TREE\u0001': '', TREE: '' })
    project.git('add', '.')
    const bytes = indexOf(project)

    expect(readCachedTree(bytes, 20)).toBeUndefined()
    for (let length = 0; length < bytes.length; length += 1) {
      expect(readCachedTree(bytes.subarray(0, length), 20)).toBeUndefined()
    }
  })
})

const KINDS: Readonly<Record<number, string>> = {
  0o100644: 'file',
  0o100755: 'executable',
  0o120000: 'symlink',
}

function committed(): TemporaryProject {
  const project = openProject({ a: 'a', 'b/c': { executable: 'c' }, 'b/d': { target: 'c' } })
  onTestFinished(() => project[Symbol.dispose]())
  project.git('init', '-q')
  project.git('add', '.')
  project.git('commit', '-q', '-m', 'first')
  return project
}

function blob(project: TemporaryProject): string {
  return project.git('hash-object', '-w', '--stdin').trim()
}

function indexOf({ root }: TemporaryProject): Buffer {
  try {
    return readFileSync(join(root, '.git/index'))
  } catch {
    return Buffer.alloc(0)
  }
}
