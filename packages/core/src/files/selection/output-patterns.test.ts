import { describe, expect, test } from 'vitest'
import {
  divideOutputs,
  findOutputMatches,
  findUndivided,
  isSoundOutput,
  mayMatchBelow,
  parseOutputPattern,
} from './output-patterns.ts'
import type { OutputPattern } from './output-patterns.ts'

describe('what a pattern selects', () => {
  test.each<readonly [lines: readonly string[], path: string, place: string | undefined]>([
    [['packages/*/dist'], 'packages/a/dist', 'packages/a/dist'],
    [['packages/*/dist'], 'packages/a/dist/deep/.hidden', 'packages/a/dist'],
    [['packages/*/dist'], 'packages/a/b/dist/x', undefined],
    [['packages/*/dist'], 'packages/a/distant', undefined],
    [['dist/**'], 'dist', 'dist'],
    [['dist/**'], 'dist/a/b', 'dist'],
    [['dist/**/*'], 'dist/a/b', 'dist'],
    [['packages/*/dist/'], 'packages/a/dist/x', 'packages/a/dist'],
    [['packages/**'], 'packages/a/src/x', 'packages'],
    // Without a name at its end, a pattern means what lies there, and no directory.
    [['packages/*/**'], 'packages/a/src/x', 'packages/a/src/x'],
    [['dist/*'], 'dist/x', 'dist/x'],
    [['dist/*'], 'dist/x/y', undefined],
    [['**/*.js'], 'a/b.js', 'a/b.js'],
    [['*.tsbuildinfo'], 'deep/x.tsbuildinfo', undefined],
    [['build/{a,b}'], 'build/b/x', 'build/b'],
    [['packages/*/{dist,lib}/**'], 'packages/a/lib', 'packages/a/lib'],
    [['packages/*/{dist,lib}/**'], 'packages/a/lib/x', 'packages/a/lib'],
    [['{a,b}/[id]/**'], 'a/[id]/x', 'a/[id]/x'],
    [[String.raw`{a,b}/\[id\]/**`], 'a/[id]/x', String.raw`a/[id]`],
    // The last line that matches decides.
    [['dist/**', '!dist/cache'], 'dist/cache/x', undefined],
    [['dist/**', '!dist/cache'], 'dist/x', 'dist'],
    [['dist/**', '!dist/cache', 'dist/cache/*.js'], 'dist/cache/x.js', 'dist/cache/x.js'],
    [['!dist/cache', 'dist/**'], 'dist/cache/x', 'dist'],
    // No wildcard stands for the directories that package managers fill.
    [['**/dist'], 'node_modules/left-pad/dist/x', undefined],
    [['**/*.js'], 'a/node_modules/x.js', undefined],
    [['packages/*/node_modules'], 'packages/a/node_modules/x', 'packages/a/node_modules'],
    [['.next/**'], '.next/standalone/node_modules/x', '.next'],
  ])('%j, %s: %s', (lines, path, place) => {
    expect(findOutputMatches(parse(lines), path)[0]?.place).toBe(place)
  })

  test.each([
    ['packages', true],
    ['packages/a', true],
    ['packages/a/dist', true],
    ['packages/b/lib', true],
    ['packages/a/src', false],
    ['src', false],
  ])('is looked for in %s: %s', (directory, isEntered) => {
    expect(
      mayMatchBelow(parse(['packages/*/{dist,lib}/**', '!packages/*/dist/cache']), directory),
    ).toBe(isEntered)
  })

  test('is not looked for among dependencies, unless they are named', () => {
    expect(mayMatchBelow(parse(['**/dist']), 'a/node_modules')).toBe(false)
    expect(mayMatchBelow(parse(['**/node_modules/.vite/**']), 'a/node_modules')).toBe(true)
    expect(mayMatchBelow(parse(['.next/**']), '.next/standalone/node_modules')).toBe(true)
  })

  test.each([
    [['dist/**'], 'dist/a/b', 'dist'],
    [['dist/**', '!dist/cache'], 'dist', undefined],
    [['dist/**', '!dist/cache'], 'dist/a/b', 'dist/a'],
    [['dist/**', '!**/*.map'], 'dist/a/b', undefined],
    [['!**/*.map', 'dist/**'], 'dist/a/b', 'dist'],
  ])('%j: %s is whole as %s', (lines, path, whole) => {
    const patterns = parse(lines)
    const [match] = findOutputMatches(patterns, path)

    expect(match && findUndivided(patterns, match, path)).toBe(whole)
  })
})

describe('outputs', () => {
  test.each([
    [['dist', 'out/[id]', 'out/{a}?'], ['dist', 'out/[id]', 'out/{a}?'], []],
    [['dist', 'packages/*/dist'], ['dist'], ['packages/*/dist']],
    [['dist', '?coverage'], ['dist'], ['?coverage']],
    [['./dist/', 'out', '!dist/cache'], ['out'], ['./dist', '!dist/cache']],
    [['out/[id]', '!out/**/*.map'], [], [String.raw`out/\[id\]`, '!out/**/*.map']],
    [['!dist/cache', 'dist'], ['dist'], []],
  ])('%j are the paths %j and the patterns %j', (outputs, paths, patterns) => {
    expect(divideOutputs(outputs, '/p')).toEqual({ paths, patterns })
  })

  test.each([
    [['**']],
    [['*']],
    [['**/*']],
    [['./**']],
    [['../*/dist']],
    [['/elsewhere/*']],
    [['packages/*/{dist']],
    [['packages/*/.git/hooks']],
    [['?']],
    [['!dist']],
  ])('%j cannot be meant', (outputs) => {
    expect(() =>
      divideOutputs(outputs, '/p').patterns.map((each) => parseOutputPattern(each, '/p')),
    ).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' }))
  })

  test.each([
    ['packages/*/dist', true],
    ['!**/.git', true],
    ['out/[id', true],
    ['?out/[id', true],
    ['packages/*/[id', false],
    ['**', false],
  ])('%s is sound: %s', (output, isSound) => {
    expect(isSoundOutput(output)).toBe(isSound)
  })
})

function parse(lines: readonly string[]): readonly OutputPattern[] {
  return divideOutputs(lines, '/p').patterns.map((text) => parseOutputPattern(text, '/p'))
}
