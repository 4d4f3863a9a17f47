import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { CacheSelection } from '../vault.ts'
import { selectCachePaths } from './cache-selection.ts'

const FILES = [
  'app/node_modules/a/index.js',
  'app/node_modules/a/debug.log',
  'app/node_modules/b/index.js',
  'lib/node_modules/c.js',
  'lib/.git/config',
  'out/.hidden',
  'out/deep/drop/x',
  'out/deep/keep',
  'out/top',
  '../home/.npm/_cacache/1',
  '../home/.npm/_logs/1',
  '../home/.ssh/id',
  '../elsewhere/data',
  'odd {1} (2)/a',
]

test.each([{}, { HOME: '' }])('without a home of its own (%j), ~ is the one of the user', (env) => {
  const root = makeFiles()
  const places = { projectRoot: root, cacheDirectory: path.join(root, 'cache') }

  const { decide } = selectCachePaths(['~/.npm'], { ...places, env, isLoose: true })

  expect(decide(path.join(homedir(), '.npm', 'x'))).toBe('wanted')
  expect(decide(path.join(root, '.npm', 'x'))).toBe('outside')
})

describe('paths of a cache', () => {
  test.each<readonly [lines: string, found: readonly string[]]>([
    ['out', ['out']],
    ['out\n!out/deep/drop', ['out/.hidden', 'out/deep/keep', 'out/top']],
    ['out\n!out/nothing/here', ['out']],
    ['out/*', ['out/.hidden', 'out/deep', 'out/top']],
    ['out/**/keep', ['out/deep/keep']],
    ['**/node_modules', ['app/node_modules', 'lib/node_modules']],
    [
      '**/node_modules\n!**/*.log',
      ['app/node_modules/a/index.js', 'app/node_modules/b', 'lib/node_modules'],
    ],
    [
      'app/node_modules\n!app/node_modules/a\napp/node_modules/a/*.js',
      ['app/node_modules/a/index.js', 'app/node_modules/b'],
    ],
    ['~/.npm\n!~/.npm/_logs', ['~/.npm/_cacache']],
    ['~/.npm/_c*', ['~/.npm/_cacache']],
    ['../elsewhere/d?ta\n# a remark', ['ROOT/elsewhere/data']],
    ['ROOT/elsewhere', ['ROOT/elsewhere']],
    ['lib/**', ['lib']],
    ['out/**', ['out']],
    ['out/*/**\n!**/drop/**', ['out/.hidden', 'out/deep/keep', 'out/top']],
    ['~/**', ['~/.npm']],
    ['out\nout/deep', ['out']],
    ['odd {1} (2)', ['odd {1} (2)']],
    ['odd*/a', ['odd {1} (2)/a']],
    ['out\nabsent', ['out']],
  ])('%j', (lines, found) => {
    const root = makeFiles()
    const selection = select(root, lines)

    const targets = selection.find()

    const names = targets.map(({ declaredAs }) => declaredAs)
    expect(names.toSorted()).toEqual(found.map((name) => name.replace('ROOT', root)))
    // What was saved is what the same paths put back.
    expect(selection.select(names)?.map(({ absolutePath }) => absolutePath)).toEqual(
      targets.map(({ absolutePath }) => absolutePath),
    )
  })

  test('the whole project is all that is in it', () => {
    const names = select(makeFiles(), '.')
      .find()
      .map(({ declaredAs }) => declaredAs)

    expect(names).toEqual(expect.arrayContaining(['app', 'lib', 'out']))
  })

  test('what lies in the project is the project, and what lies at home is not the home directory', () => {
    const root = makeFiles()
    const home = path.join(root, 'home')

    expect(select(root, '**').decide(path.join(root, 'work'))).toBe('wanted')
    expect(select(root, '~/**').decide(home)).toBe('outside')
    expect(select(root, '~/.npm/**').decide(path.join(home, '.npm'))).toBe('wanted')
  })

  test('what is decided depends on no path that was asked about before', () => {
    const root = makeFiles()
    const asked = select(root, 'out\n!out/deep\nout/deep/keep\n/opt*/tool\n/data')

    const paths = ['out/top', 'out/deep/x', 'out/deep/keep', 'out', 'out/deep/keep/y', 'none/z']
    const absolute = [
      ...paths.map((name) => path.join(root, 'work', name)),
      '/opt-1/tool',
      '/data',
      '/a',
    ]
    const decided = [...absolute, ...absolute.toReversed()].map((each) => asked.decide(each))

    const inside = ['wanted', 'left-out', 'wanted', 'wanted', 'wanted', 'outside']
    const expected = [...inside, 'wanted', 'wanted', 'outside']
    expect(decided).toEqual([...expected, ...expected.toReversed()])
  })

  test('of what lies around the vault, the vault is left out', () => {
    const root = makeFiles()
    for (const name of ['tools/python', 'tools/taskvault/blobs'])
      mkdirSync(path.join(root, name), { recursive: true })
    const selection = select(root, '../tools')

    const names = selection.find().map(({ declaredAs }) => declaredAs)

    expect(names).toEqual([path.join(root, 'tools/python')])
    expect(selection.select(names)).toHaveLength(1)
    expect(selection.select([path.join(root, 'tools')])).toBeUndefined()
    expect(selection.select([path.join(root, 'tools/taskvault')])).toBeUndefined()
    expect(() => select(root, '../tools/taskvault')).toThrow('is refused')
  })

  test('a project and a home directory behind links are searched, and nothing else is', () => {
    const root = makeFiles()
    for (const name of ['work', 'home']) {
      renameSync(path.join(root, name), path.join(root, `real-${name}`))
      symlinkSync(`real-${name}`, path.join(root, name))
    }
    symlinkSync('out', path.join(root, 'work/link'))
    const selection = select(root, '**/keep\n~/.n*\nlink/*')

    const targets = selection.find()

    expect(targets.map(({ declaredAs }) => declaredAs)).toEqual(['out/deep/keep', '~/.npm'])
    expect(targets.map(({ anchor }) => anchor)).toEqual(
      ['work', 'home'].map((name) => path.join(root, name)),
    )
    expect(selection.select(['out/deep/keep'])).toEqual(targets.slice(0, 1))
  })

  test.each(['absent', 'absent/*', 'out\n!out'])('%j: nothing is there', (lines) => {
    expect(() => select(makeFiles(), lines).find()).toThrow(
      expect.objectContaining({ code: 'OUTPUT_MISSING' }),
    )
  })

  test('a result is all of its paths', () => {
    const strict = select(makeFiles(), 'out\nabsent', { isLoose: false })

    expect(() => strict.find()).toThrow('absent')
    expect(strict.select(['out'])).toBeUndefined()
    expect(strict.select(['out', 'absent'])).toHaveLength(2)
  })

  test.each(['~', '~/.ssh', '~/.SSH/keys', '.git', '~/..', 'lib/.git'])('%j is refused', (line) => {
    expect(() => select(makeFiles(), line)).toThrow(
      expect.objectContaining({ code: 'OUTPUT_FORBIDDEN' }),
    )
  })
})

describe('an entry may not name', () => {
  test.each([
    ['out', 'other'],
    ['out', '../home'],
    ['out', '/etc/passwd'],
    ['out', 'out/../other'],
    ['out', './out'],
    ['out', 'out/'],
    ['out', '~/.npm'],
    ['~/.npm', '.npm'],
    ['out\n!out/deep', 'out/deep'],
    ['out\n!out/deep', 'out/deep/keep'],
    ['**/node_modules', 'lib'],
    ['**', 'a/.git/hooks'],
    ['~/*', '~/.ssh'],
    ['~/*', '~/.Ssh'],
    ['../*', '../work'],
    ['../*', 'ROOT/home'],
  ])('for %j: %j', (lines, name) => {
    const root = makeFiles()

    expect(select(root, lines).select([name.replace('ROOT', root)])).toBeUndefined()
  })

  test('an output within another one, nor the same twice', () => {
    const selection = select(makeFiles(), 'out/**')

    expect(selection.select(['out/deep', 'out/top'])).toHaveLength(2)
    expect(selection.select(['out/deep', 'out/deep/x'])).toBeUndefined()
    expect(selection.select(['out/deep', 'out/deep'])).toBeUndefined()
  })
})

test('links are found, and not followed', () => {
  const root = makeFiles()
  symlinkSync('/etc', path.join(root, 'work/out/link'))

  const names = select(root, 'out/**/*\n!out/deep')
    .find()
    .map(({ declaredAs }) => declaredAs)

  expect(names.toSorted()).toEqual(['out/.hidden', 'out/link', 'out/top'])
})

function select(root: string, lines: string, { isLoose = true } = {}): CacheSelection {
  return selectCachePaths(lines.replaceAll('ROOT', root).split('\n'), {
    projectRoot: path.join(root, 'work'),
    cacheDirectory: path.join(root, 'tools/taskvault'),
    env: { HOME: path.join(root, 'home') },
    isLoose,
  })
}

function makeFiles(): string {
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'taskvault-paths-')))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  for (const name of FILES) {
    const file = path.join(root, 'work', name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, name)
  }
  return root
}
