import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { gitEnvironment, openProject } from '../../testing/temporary-project.ts'
import { NO_RULES, addIgnoreRules } from './ignore-rules.ts'

const project = openProject()
beforeAll(() => void project.git('init', '--quiet'))
afterAll(() => project[Symbol.dispose]())

const RULES = [
  ['*.log', 'a/b.log'],
  ['/x', 'a/x'],
  ['/x', 'x'],
  ['a/b', 'a/b'],
  ['a/b', 'c/a/b'],
  ['foo/', 'foo'],
  ['foo/', 'foo/'],
  ['a/**/b', 'a/b'],
  ['a/**/b', 'a/x/y/b'],
  ['**/foo', 'foo'],
  ['**/foo', 'x/foo'],
  ['foo/**', 'foo'],
  ['foo/**', 'foo/x'],
  ['a**b', 'axb'],
  ['x/a**b', 'x/a/b'],
  ['a**/b', 'ab'],
  ['a*/**', 'ab'],
  ['doc/*.txt', 'doc/a/b.txt'],
  ['a\\ ', 'a '],
  ['a  ', 'a'],
  ['a\\  ', 'a '],
  ['\\#x', '#x'],
  ['#x', '#x'],
  ['\\!x', '!x'],
  ['*.log\n!x.log', 'x.log'],
  ['!x.log\n*.log', 'x.log'],
  ['[]]', ']'],
  ['[!a]b', 'cb'],
  ['[^a]b', 'ab'],
  ['[a-c]', 'b'],
  ['[c-a]', 'b'],
  ['[c-a]', 'c'],
  ['[c-a]', 'a'],
  ['[a-/]', 'a'],
  ['[\\a-\\c]', 'b'],
  ['[a-]', '-'],
  ['[[:digit:]]', '5'],
  ['[[:nosuch:]]', '5'],
  ['[a', '[a'],
  ['a\\', 'a\\'],
  ['a?c', 'abc'],
  ['a/?c', 'a//c'],
  ['\uFEFFa', 'a'],
  ['a\r', 'a'],
  ['/', 'a'],
  ['//a', 'a'],
  ['A', 'a'],
  ['*', '.hidden'],
] as const

test.each(RULES)('the rule %j says of %j what git says', (text, path) => {
  expect(isIgnored(text, path)).toBe(askGit(text, [path]).has(path))
})

test('any rules say of any path what git says', () => {
  // Letters that make rules and names meet often.
  const segment = fc.string({
    unit: fc.constantFrom('a', 'b', '*', '?', '[', ']', '!', '-', '\\', '.'),
    minLength: 1,
    maxLength: 5,
  })
  const rule = fc
    .tuple(
      fc.constantFrom('', '!', '/', '**/'),
      fc.array(fc.oneof(segment, fc.constant('**')), { minLength: 1, maxLength: 3 }),
      fc.constantFrom('', '/', ' ', '/**'),
    )
    .map(([before, segments, after]) => before + segments.join('/') + after)
  const names = ['a', 'b', 'ab', 'ba', 'a.b', '.a', '-a', 'aab', '[a]', '*', 'a]']
  const paths = names.flatMap((name) => [name, `a/${name}`, `a/b/${name}`])
  fc.assert(
    fc.property(fc.array(rule, { minLength: 1, maxLength: 4 }), (rules) => {
      const text = rules.join('\n')
      const ignored = askGit(text, paths)
      for (const path of paths) {
        const parents = path
          .split('/')
          .slice(0, -1)
          .map((_, index, all) => `${all.slice(0, index + 1).join('/')}/`)
        const found = [...parents, path].some((one) => isIgnored(text, one))
        expect([text, path, found]).toEqual([text, path, ignored.has(path)])
      }
    }),
    { numRuns: 150 },
  )
}, 60_000)

test('rules of a deeper file win, and look only at what is below it', () => {
  const above = addIgnoreRules(NO_RULES, '', '*.log\n/only')
  const rules = addIgnoreRules(above, 'a/b', '!keep.log\n/only')

  expect(rules.isIgnored('a/b/keep.log', false)).toBe(false)
  expect(rules.isIgnored('a/b/x.log', false)).toBe(true)
  expect(rules.isIgnored('a/b/only', false)).toBe(true)
  expect(rules.isIgnored('a/b/c/only', false)).toBe(false)
})

function isIgnored(text: string, path: string): boolean {
  const isDirectory = path.endsWith('/')
  return addIgnoreRules(NO_RULES, '', text).isIgnored(
    isDirectory ? path.slice(0, -1) : path,
    isDirectory,
  )
}

/** Those of `paths` that git ignores by these rules. */
function askGit(text: string, paths: readonly string[]): Set<string> {
  project.write({ '.gitignore': text })
  try {
    const output = execFileSync('git', ['check-ignore', '-z', '--stdin', '--no-index'], {
      cwd: project.root,
      env: gitEnvironment(),
      input: paths.join('\0'),
      encoding: 'utf8',
    })
    return new Set(output.split('\0').filter((path) => path !== ''))
  } catch (error) {
    // Nothing is ignored.
    if (error instanceof Error && 'status' in error && error.status === 1) return new Set()
    throw error
  }
}
