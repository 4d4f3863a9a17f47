import { expect, onTestFinished, test } from 'vitest'
import { openProject } from '../testing/temporary-project.ts'
import type { PathContent, TemporaryProject } from '../testing/temporary-project.ts'
import { findRepository } from './find-repository.ts'
import { outlineTree } from './outline-tree.ts'

/** `src` and `package.json` count, whatever is beside them. */
function counts(relativePath: string): boolean {
  return /^(src|package\.json)($|\/)/.test(relativePath)
}

test.each<[string, Readonly<Record<string, PathContent>>]>([
  ['a file beside', { 'README.md': 'other' }],
  ['a file in a directory beside', { 'docs/a': 'other' }],
])('%s changes nothing', (_, change) => {
  const project = inRepository()
  const before = outline(project)

  project.write(change)

  expect(before).toBeDefined()
  expect(outline(project)).toBe(before)
})

test.each<[string, Readonly<Record<string, PathContent>>]>([
  ['a file that counts', { 'package.json': '{ }' }],
  ['its mode', { 'package.json': { executable: '{}' } }],
  ['a link in its place', { 'package.json': { target: '{}' } }],
  ['a file deep down', { 'src/deep/a': 'other' }],
  ['a new file', { 'src/new': '' }],
])('%s makes another one', (_, change) => {
  const project = inRepository()
  const before = outline(project)

  if ('package.json' in change) project.remove('package.json')
  project.write(change)

  expect(outline(project)).not.toBe(before)
})

test('of a project below the root it is that of its directory', () => {
  const project = inRepository()
  project.write({ 'web/src/a': '1', 'web/README.md': '1' })
  const before = outline(project, 'web/')

  project.write({ 'web/README.md': '2', 'src/a': '2' })

  expect(before).toMatch(/^40000 [0-9a-f]{40} src\0$/)
  expect(outline(project, 'web/')).toBe(before)
  expect(outline(project, 'nowhere/')).toBeUndefined()
})

test('a tree in a pack, and one with a submodule that may count, have none', () => {
  const packed = inRepository()
  packed.git('commit', '-q', '-m', 'first')
  packed.git('gc', '-q')
  const outer = inRepository()
  outer.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},src/sub`)
  const below = outlineTree(outer.git('write-tree').trim(), requestFor(outer))
  outer.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},srcs`)
  outer.git('update-index', '--force-remove', 'src/sub', 'src/deep/a')
  outer.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},src`)

  expect(outline(packed)).toBeUndefined()
  // As long as it is there, the tree that holds it says which commit is meant.
  expect(below).toContain(' src\0')
  expect(outlineTree(outer.git('write-tree').trim(), requestFor(outer))).toBeUndefined()
})

function inRepository(): TemporaryProject {
  const project = openProject({
    'src/deep/a': 'a',
    'docs/a': 'a',
    'package.json': '{}',
    'README.md': 'read me',
  })
  onTestFinished(() => project[Symbol.dispose]())
  project.git('init', '-q')
  project.git('add', '.')
  return project
}

function outline(project: TemporaryProject, prefix = ''): string | undefined {
  project.git('add', '.')
  return outlineTree(project.git('write-tree').trim(), requestFor(project, prefix))
}

function requestFor(project: TemporaryProject, prefix = ''): Parameters<typeof outlineTree>[1] {
  const { repository } = findRepository(project.root)!
  return { repository, prefix, selects: counts, mayContain: counts }
}
