import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { exclusionOf, outputFromRoot, pathFromRoot, patternFromRoot } from './paths-from-root.ts'

describe('a pattern', () => {
  test.each([
    ['/p', 'src/**', 'src/**'],
    ['/p/packages/a', 'src/**', 'packages/a/src/**'],
    ['/p/packages/a', '!src/*.test.ts', '!packages/a/src/*.test.ts'],
    ['/p/packages/a', '?.env', '?packages/a/.env'],
    ['/p/packages/a', '../b/src/**', 'packages/b/src/**'],
    ['/p/packages/a', '/p/root.json', 'root.json'],
    ['/p/packages/a', '!/q/root.json', '!/q/root.json'],
    ['/p/packages/[x]', 'src/**', String.raw`packages/\[x\]/src/**`],
  ])('typed in %s, %s means %s', (cwd, pattern, meaning) => {
    expect(patternFromRoot(pattern, { cwd, projectRoot: '/p' })).toBe(meaning)
  })

  test('has backslashes between its names on Windows', () => {
    const place = { cwd: '/p/packages/[x]', projectRoot: '/p' }
    const pattern = String.raw`!..\b\src\**`

    expect(patternFromRoot(pattern, place, 'win32')).toBe('!packages/b/src/**')
  })
})

test.each([
  ['dist', 'packages/[x]/dist'],
  ['../[y]/out', 'packages/[y]/out'],
  ['*/dist', String.raw`packages/\[x\]/*/dist`],
  ['!dist/cache', '!packages/[x]/dist/cache'],
  ['?/p/dist', '?dist'],
])('the output %s means %s', (output, meaning) => {
  const place = { cwd: '/p/packages/[x]', projectRoot: '/p' }

  expect(outputFromRoot(output, place)).toBe(meaning)
})

describe('a project with two names', () => {
  let above = ''

  beforeEach(() => {
    above = realpathSync(mkdtempSync(path.join(tmpdir(), 'names-')))
    mkdirSync(path.join(above, 'real/src/[x]'), { recursive: true })
    mkdirSync(path.join(above, 'elsewhere'))
    symlinkSync('real', path.join(above, 'link'))
    symlinkSync('real/src/[x]', path.join(above, 'into'))
    symlinkSync('../elsewhere', path.join(above, 'real/out'))
  })

  afterEach(() => rmSync(above, { recursive: true }))

  test.each([
    ['link/src/**', 'real', 'src/**'],
    ['real/src/**', 'link', 'src/**'],
    ['link/{a,b}', 'real', '{a,b}'],
    ['link/src/new.txt', 'real', 'src/new.txt'],
    ['into/*.ts', 'real', String.raw`src/\[x\]/*.ts`],
    // A link of the project’s own is a name in it; what becomes of it is for others to say.
    ['link/out/x', 'real', 'out/x'],
    ['elsewhere/**', 'real', undefined],
    ['nowhere/**', 'real', undefined],
  ])('%s in %s means %s', (pattern, root, meaning) => {
    const named = path.join(above, pattern)
    const projectRoot = path.join(above, root)

    expect(patternFromRoot(`!${named}`, { cwd: projectRoot, projectRoot })).toBe(
      `!${meaning ?? named}`,
    )
  })

  test.each([
    ['link/dist', 'real', 'dist'],
    ['real/dist', 'link', 'dist'],
    ['link', 'real', '.'],
    ['elsewhere/dist', 'real', undefined],
  ])('the path %s in %s is %s', (name, root, meaning) => {
    const named = path.join(above, name)
    const projectRoot = path.join(above, root)

    expect(pathFromRoot(named, { cwd: projectRoot, projectRoot })).toBe(meaning ?? named)
  })

  test('a file of ours is left out by either', () => {
    expect(exclusionOf(path.join(above, 'link/result.json'), path.join(above, 'real'))).toBe(
      '!result.json',
    )
  })
})

describe('the exclusion of a file', () => {
  test.each([
    ['/p/a/result.json', '!a/result.json'],
    ['/p/[x]/re?ult*', String.raw`!\[x\]/re\?ult\*`],
    ['/q/result.json', undefined],
    ['/p', undefined],
  ])('%s is %s', (file, exclusion) => {
    expect(exclusionOf(file, '/p')).toBe(exclusion)
  })
})
