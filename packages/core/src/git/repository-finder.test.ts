import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { RepositoryView } from '../files/selection/repository-view.ts'
import { openProject } from '../testing/temporary-project.ts'
import type { TemporaryProject } from '../testing/temporary-project.ts'
import { createRepositoryFinder } from './repository-finder.ts'

type Git = TemporaryProject['git']

describe.each<readonly [string, (git: Git) => void]>([
  ['an index', () => {}],
  ['an index of version 4', (git) => git('update-index', '--index-version', '4')],
  ['a split index', (git) => git('update-index', '--split-index')],
  [
    'a sparse index',
    (git) => {
      git('commit', '--quiet', '-m', 'all')
      git('sparse-checkout', 'set', '--cone', '--sparse-index', 'lib')
    },
  ],
])('what git tracks by %s', (_, prepare) => {
  // The view remembers what it has read: each question is the first one once, and comes after others.
  test.each([
    ['src/a.ts', true],
    ['src/a', false],
    ['src', false],
    ['a.ts', false],
    ['lib/link', true],
    ['lib/sdir/x', true],
    ['lib/other', false],
  ])('%s: %s', (path, isTracked) => {
    const view = open(prepare)

    expect(view.isTracked(path)).toBe(isTracked)
    for (let at = 0; at < 20; at += 1) view.isTracked(`absent/${at}`)
    expect(view.isTracked(path)).toBe(isTracked)
  })

  test.each([
    ['src', true],
    ['lib', true],
    ['lib/sdir', true],
    ['sr', false],
    ['sdir', false],
    ['src/a.ts', false],
    ['dist', false],
  ])('below %s: %s', (directory, hasTracked) => {
    const view = open(prepare)

    expect(view.hasTrackedBelow(directory)).toBe(hasTracked)
    for (let at = 0; at < 20; at += 1) view.hasTrackedBelow(`absent/${at}`)
    expect(view.hasTrackedBelow(directory)).toBe(hasTracked)
  })
})

test('without an index, nothing is tracked', () => {
  const project = openProject({ a: '' })
  onTestFinished(() => project[Symbol.dispose]())
  project.git('init', '--quiet')

  const view = createRepositoryFinder(process.env).openAt(project.root)

  expect(view?.isTracked('a')).toBe(false)
})

// Git does not check the checksum, and tells what it finds in such a file.
test.each<readonly [string, (index: Buffer) => Buffer]>([
  ['is cut off', (index) => index.subarray(0, index.indexOf('src/a.ts') - 30)],
  ['is empty', (index) => index.subarray(0, 0)],
])('nothing is said of an index that %s', (_, damage) => {
  const view = open((_git, root) => {
    const file = `${root}/.git/index`
    writeFileSync(file, damage(readFileSync(file)))
  })

  expect(() => view.hasTrackedBelow('src')).toThrow(expect.objectContaining({ code: 'GIT_FAILED' }))
})

function open(prepare: (git: Git, root: string) => void): RepositoryView {
  const project = openProject({
    'src/a.ts': 'a',
    'src/deep/b.ts': 'b',
    'lib/link': '1',
    'lib/sdir/x': '2',
    'dist/built': '3',
  })
  onTestFinished(() => project[Symbol.dispose]())
  project.git('init', '--quiet')
  project.git('add', 'src', 'lib')
  prepare(project.git, project.root)
  const view = createRepositoryFinder(process.env).openAt(project.root)
  if (view === undefined) throw new Error('there is no repository')
  return view
}
