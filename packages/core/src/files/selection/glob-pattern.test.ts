import { expect, test } from 'vitest'
import { parseGlobPattern } from './glob-pattern.ts'

test.each([
  ['src', ['src', 'src/a', 'src/b/.c'], ['srcx', 'lib/src', 'a']],
  ['src/', ['src/a', 'src/b/c'], ['src']],
  ['src/**', ['src/a', 'src/.b/c'], ['src']],
  ['./src//a', ['src/a', 'src/a/b'], ['src']],
  ['.', ['a', 'a/b'], []],
  ['**', ['a', '.a/.b'], []],
  ['*', ['a', '.env'], ['a/b']],
  ['*.ts', ['a.ts'], ['b/a.ts']],
  ['**/*.ts', ['a.ts', 'b/.c/a.ts'], ['a.tsx']],
  ['src/*', ['src/a'], ['src/a/b', 'src']],
  [
    'packages/*/src',
    ['packages/a/src', 'packages/a/src/b/c'],
    ['packages/src', 'packages/a/b/src'],
  ],
  ['packages/*/', ['packages/a/b', 'packages/a/b/c'], ['packages/a']],
  ['a/**/b', ['a/b', 'a/x/y/b', 'a/b/c'], ['a/x']],
  ['{a,b/c}/*.ts', ['a/x.ts', 'b/c/x.ts'], ['b/x.ts']],
  ['@(a|b).ts', ['a.ts', 'b.ts'], ['c.ts']],
  ['[!a]x', ['bx'], ['ax']],
  ['a\\*', ['a*', 'a*/b'], ['ab']],
  ['app/[id]/page.tsx', ['app/[id]/page.tsx', 'app/i/page.tsx'], ['app/x/page.tsx']],
  ['a b', ['a b'], ['a']],
])('%j matches what people expect of it', (text, matching, others) => {
  const pattern = parseGlobPattern(text, '/project')

  expect(matching.filter((path) => !pattern.matches(path))).toEqual([])
  expect(others.filter((path) => pattern.matches(path))).toEqual([])
})

test.each([
  [String.raw`src\a`, ['src/a', 'src/a/b'], ['srca']],
  [String.raw`src\**`, ['src/a', 'src/.b/c'], ['src']],
  [String.raw`src\sub\*.ts`, ['src/sub/a.ts'], ['src/sub.ts']],
  [String.raw`.\src\\a\\`, ['src/a/b'], ['src/a']],
  [String.raw`app/\[id\]/*`, ['app/[id]/x'], ['app/i/x']],
  [String.raw`!src\a`, ['src/a'], ['srca']],
])('on Windows, %j matches what people expect of it', (text, matching, others) => {
  const pattern = parseGlobPattern(text, '/project', 'win32')

  expect(matching.filter((path) => !pattern.matches(path))).toEqual([])
  expect(others.filter((path) => pattern.matches(path))).toEqual([])
})

test.each(['', '!', '?', '  ', '../x', 'a/../../b', '[a', '{a', '/etc/passwd', '/project/../x'])(
  '%j is refused',
  (text) => {
    expect(() => parseGlobPattern(text, '/project')).toThrow(
      expect.objectContaining({ code: 'ARGUMENT_INVALID' }),
    )
  },
)

test('a mark in front says what the pattern is for', () => {
  expect(parseGlobPattern('!a', '/')).toMatchObject({
    isExclusion: true,
    isOptional: false,
    literal: 'a',
  })
  expect(parseGlobPattern('?a', '/')).toMatchObject({
    isExclusion: false,
    isOptional: true,
    literal: 'a',
  })
  expect(parseGlobPattern('a/', '/')).toMatchObject({
    isExclusion: false,
    isOptional: false,
    literal: undefined,
  })
})

test('an absolute path into the project counts as the relative one', () => {
  expect(parseGlobPattern('/project/src/*.ts', '/project').matches('src/a.ts')).toBe(true)
  expect(parseGlobPattern('!/project', '/project').covers('src')).toBe(true)
})

test.each([
  ['src/**', 'src', true],
  ['src/**', 'src/a', true],
  ['src/*', 'src', false],
  ['**/node_modules', 'a/node_modules', true],
  ['**/node_modules', 'a', false],
  ['**/*.ts', 'a', false],
  ['**', 'a', true],
])('%j covers the whole of %j: %j', (text, directory, expected) => {
  expect(parseGlobPattern(text, '/').covers(directory)).toBe(expected)
})

test.each([
  ['src/*.ts', 'src', true],
  ['src/*.ts', 'lib', false],
  ['src/*.ts', 'src/a.ts', false],
  ['packages/*/src/**', 'packages/a/src/b', true],
  ['packages/*/src/**', 'packages/a/lib', false],
  ['**/x', 'a/b/c', true],
  ['{a/b,c}/d', 'a/b', true],
  ['src', 'src/a', true],
  ['a/[x]/c', 'a/[x]', true],
])('%j may find something in %j: %j', (text, directory, expected) => {
  const pattern = parseGlobPattern(text, '/')

  expect(directory.split('/').every((name, depth) => pattern.canEnter(name, depth))).toBe(expected)
})
