import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { divideOutputs } from '../../files/selection/output-patterns.ts'
import type { TaskOutputs } from '../vault.ts'
import { findTaskOutputs } from './task-outputs.ts'

const FILES = [
  'packages/a/dist/a.js',
  'packages/a/dist/cache/1',
  'packages/a/dist/deep/b.js',
  'packages/a/src/a.ts',
  'packages/a/a.tsbuildinfo',
  'packages/b/dist/b.js',
  'packages/b/b.tsbuildinfo',
  'node_modules/x/dist/x.js',
  'var/cache/blobs/dist/1',
]

describe('patterns select', () => {
  test.each<readonly [outputs: readonly string[], found: readonly string[]]>([
    [['packages/*/dist'], ['packages/a/dist', 'packages/b/dist']],
    [['**/dist/**'], ['packages/a/dist', 'packages/b/dist']],
    [['node_modules/*/dist'], ['node_modules/x/dist']],
    [
      ['packages/b/dist', 'packages/**/*.tsbuildinfo'],
      ['packages/a/a.tsbuildinfo', 'packages/b/b.tsbuildinfo', 'packages/b/dist'],
    ],
    [
      ['packages/*/dist/**', '!packages/*/dist/cache'],
      ['packages/a/dist/a.js', 'packages/a/dist/deep', 'packages/b/dist/b.js'],
    ],
    [
      ['packages/*/dist', '?coverage/**'],
      ['packages/a/dist', 'packages/b/dist'],
    ],
    [
      ['packages/*/dist', 'packages/a/dist/*.js'],
      ['packages/a/dist', 'packages/b/dist'],
    ],
  ])('%j: %j, and an entry of just that is theirs', (outputs, found) => {
    const selection = open(outputs, { ignored: 'dist\n*.tsbuildinfo\nnode_modules\n' })

    const names = selection.find().map(({ declaredAs }) => declaredAs)

    expect(names).toEqual(found)
    const selected = selection.select(names)?.map(({ declaredAs }) => declaredAs)
    expect(selected?.toSorted()).toEqual(found)
  })

  test('a directory that one pattern names, whatever another one says of the files in it', () => {
    const selection = open(['packages/*/dist', '?packages/a/dist/*.js', '?packages/b/dist/**'])
    const keeps = (name: string): boolean => selection.keeps(path.join(rootOf(selection), name))

    const names = selection.find().map(({ declaredAs }) => declaredAs)

    expect(names).toEqual(['packages/a/dist', 'packages/b/dist'])
    expect(keeps('packages/a/dist/stale.js')).toBe(false)
  })

  test('what a path covers, which counts as found', () => {
    const selection = open(['packages/a/dist', 'packages/b/dist', 'packages/*/dist'])
    const names = selection.find().map(({ declaredAs }) => declaredAs)

    expect(names).toEqual(['packages/a/dist', 'packages/b/dist'])
    expect(selection.select(names)).toHaveLength(2)
  })

  test('a directory, and with it the paths that are declared in it', () => {
    const selection = open(['packages/a/dist/a.js', 'packages/*/dist'])
    const names = selection.find().map(({ declaredAs }) => declaredAs)

    expect(names).toEqual(['packages/a/dist', 'packages/b/dist'])
    expect(selection.select(names)).toHaveLength(2)
    expect(selection.select(['packages/b/dist'])).toBeUndefined()
  })

  test('what is declared as a path, whether it is there or not', () => {
    const selection = open(['absent', 'packages/a/dist/absent', 'packages/*/dist'])

    const names = selection.find().map(({ declaredAs }) => declaredAs)

    expect(names).toEqual(expect.arrayContaining(['absent', 'packages/a/dist/absent']))
    expect(selection.select(['packages/a/dist'])).toBeUndefined()
  })

  test('symlinks, and nothing behind them', () => {
    const selection = open(['packages/**/*.js'], { ignored: '*.js\nlink\n' }, (root) => {
      symlinkSync('a/dist', path.join(root, 'packages/link'))
      symlinkSync('dist/a.js', path.join(root, 'packages/a/to.js'))
    })

    expect(selection.find().map(({ declaredAs }) => declaredAs)).toEqual([
      'packages/a/dist/a.js',
      'packages/a/dist/deep/b.js',
      'packages/a/to.js',
      'packages/b/dist/b.js',
    ])
  })

  test.each([['packages/*/absent'], ['packages/*/dist/*.map']])(
    'nothing with %s, which is said',
    (pattern) => {
      expect(() => open([pattern]).find()).toThrow(
        expect.objectContaining({
          code: 'OUTPUT_MISSING',
          message: expect.stringContaining(pattern) as string,
        }),
      )
    },
  )

  test('nothing in a directory whose links lead around in circles', () => {
    const selection = open(['packages/*/dist', '**/*.map'], {}, (root) => {
      symlinkSync('.', path.join(root, 'packages/a/dist/here'))
    })

    expect(() => selection.find()).toThrow(/\*\*\/\*\.map was not produced/)
  })

  test('file by file no more than can be handled', () => {
    const selection = open(['many/*/*.js'], { isRepository: false }, (root) => {
      for (let at = 0; at <= 20_000; at += 1) write(root, `many/${at % 10}/${at}.js`)
    })

    expect(() => selection.find()).toThrow(expect.objectContaining({ code: 'ENTRY_TOO_LARGE' }))
  })
})

describe('what may be a source', () => {
  test('is found by no wildcard, and the message says so', () => {
    const selection = open(['packages/**/*.ts'], { ignored: 'dist' })

    expect(() => selection.find()).toThrow(/packages\/a\/src\/a\.ts may be a source/)
    expect(selection.select(['packages/a/src/a.ts'])).toBeUndefined()
  })

  test('is left out of a directory in which git tracks something, as all is that it does not ignore', () => {
    const selection = open(['packages/*/dist'], {
      ignored: 'deep',
      tracked: ['packages/a/dist/a.js'],
    })

    const names = selection.find().map(({ declaredAs }) => declaredAs)

    expect(names).toEqual(['packages/a/dist/deep/b.js', 'packages/b/dist'])
    expect(selection.select(['packages/a/dist', 'packages/b/dist'])).toBeUndefined()
    expect(selection.select(['packages/a/dist/a.js', 'packages/b/dist'])).toBeUndefined()
    expect(selection.select(names)).toHaveLength(2)
  })

  test('keeps an entry from having a directory, though git ignores its name', () => {
    const selection = open(['packages/*/dist'], {
      ignored: 'dist',
      tracked: ['packages/a/dist/a.js'],
    })
    const whole = ['packages/a/dist', 'packages/b/dist']

    const found = selection.select(whole)
    rmSync(path.join(rootOf(selection), 'packages/a/dist'), { recursive: true })

    expect(found).toBeUndefined()
    expect(selection.select(whole)).toBeUndefined()
  })

  test('is all that lies in another repository', () => {
    const selection = open(['packages/*/dist'], { ignored: 'dist' }, (root) =>
      execFileSync('git', ['init', '-q', path.join(root, 'packages/a')]),
    )

    expect(selection.find().map(({ declaredAs }) => declaredAs)).toEqual(['packages/b/dist'])
  })

  test('is decided anew each time, because a task may change what git ignores', () => {
    const selection = open(['packages/**/*.ts'])

    expect(selection.select(['packages/a/src/a.ts'])).toBeUndefined()
    write(rootOf(selection), 'packages/b/made.ts')
    writeFileSync(path.join(rootOf(selection), 'packages/.gitignore'), 'made.ts')

    expect(selection.find().map(({ declaredAs }) => declaredAs)).toEqual(['packages/b/made.ts'])
  })

  test('is unknown without git: then a pattern selects what it matches', () => {
    const selection = open(['packages/**/*.ts'], { isRepository: false })

    expect(selection.find().map(({ declaredAs }) => declaredAs)).toEqual(['packages/a/src/a.ts'])
  })

  test('and stands where a directory is named, stays there', () => {
    const selection = open(['packages/*/out', '?packages/*/dist'], {}, (root) =>
      write(root, 'packages/b/out'),
    )

    expect(selection.select(['packages/b/out'])).toBeUndefined()
    expect(selection.select(['packages/a/out'])).toHaveLength(1)
  })
})

describe('left out, and told, is', () => {
  test('a symlink or a file where a directory is named, unless git tracks or ignores it', () => {
    const outputs = ['packages/*/dist']

    expect(told(open(outputs, { ignored: 'dist/' }, placeLinkAndFile))).toEqual([
      ['link-not-ignored', 'packages/c/dist'],
      ['not-ignored', 'packages/d/dist'],
    ])
    expect(told(open(outputs, { ignored: 'dist' }, placeLinkAndFile))).toEqual([])
    const selection = open(outputs, { ignored: 'dist/' }, placeLinkAndFile)
    execFileSync('git', ['-C', rootOf(selection), 'add', 'packages/c', 'packages/d'])
    expect(told(selection)).toEqual([])
  })

  test('a directory of which a pattern wants only files, unless it holds sources or outputs', () => {
    const ignored = 'dist/\nnode_modules/\n'
    const deep = [['directory', 'packages/a/dist/deep']]

    expect(told(open(['packages/*/dist/*', '!**/cache'], { ignored }))).toEqual(deep)
    expect(told(open(['packages/a/dist/*', '!**/cache'], { isRepository: false }))).toEqual(deep)
    for (const other of ['packages/a/dist/deep', '**/b.js', 'packages/*/dist/*/**'])
      expect(told(open(['packages/*/dist/*', '!**/cache', other], { ignored }))).toEqual([])
    expect(told(open(['packages/*/*'], { ignored: '*.tsbuildinfo' }))).toEqual([])
    expect(told(open(['?n*', 'packages/*/dist'], { ignored }))).toEqual([])
  })

  test('a directory in another repository, unless git ignores that', () => {
    expect(told(open(['packages/*/dist'], { ignored: 'dist' }, placeRepository))).toEqual([
      ['other-repository', 'packages/a/dist'],
    ])
    expect(
      told(open(['packages/*/dist'], { ignored: 'a/', tracked: [] }, placeRepository)),
    ).toEqual([])
  })

  test('said where a pattern finds nothing else', () => {
    const selection = open(['packages/*/de*'], {}, (root) =>
      mkdirSync(path.join(root, 'packages/a/dev')),
    )

    expect(() => open(['packages/a/dist/d*'], { ignored: 'dist' }).find()).toThrow(
      /packages\/a\/dist\/deep is a directory, and .* selects only files/,
    )
    expect(() => selection.find()).toThrow(/was not produced$/)
  })
})

describe('an entry may not name', () => {
  test.each([
    ['packages/a'],
    ['packages/a/src/a.ts'],
    ['packages/a/src/../dist'],
    ['packages/a/dist/'],
    ['../packages/a/dist'],
    ['/etc/dist'],
    ['packages/.git/dist'],
    ['node_modules/x/dist'],
    ['packages/a/dist\0'],
    ['var/cache/blobs/dist'],
  ])('%j', (name) => {
    expect(open(['**/dist'], { ignored: 'dist' }).select([name])).toBeUndefined()
  })

  test('an output behind a file or a link', () => {
    const selection = open(['packages/*/dist'], {}, (root) => {
      write(root, 'packages/c')
      symlinkSync('a', path.join(root, 'packages/d'))
    })

    expect(selection.select(['packages/c/dist'])).toBeUndefined()
    expect(selection.select(['packages/d/dist'])).toBeUndefined()
    expect(selection.select(['packages/new/dist'])).toHaveLength(1)
  })

  test('an output within another one, nor the same twice, nor none where there is to be one', () => {
    const selection = open(['packages/*/dist'])

    expect(selection.select(['packages/a/dist', 'packages/a/dist/a.js'])).toBeUndefined()
    expect(selection.select(['packages/a/dist', 'packages/a/dist'])).toBeUndefined()
    expect(selection.select([])).toBeUndefined()
  })
})

test('what is there and not in an entry stays, unless it lies in a directory that is the task’s', () => {
  const selection = open(['packages/*/dist', '!packages/*/dist/cache', '?**/*.tsbuildinfo'])
  const keeps = (name: string): boolean => selection.keeps(path.join(rootOf(selection), name))

  expect(keeps('packages/a/dist/deep/stale.js')).toBe(false)
  expect(keeps('packages/a/dist/cache')).toBe(true)
  expect(keeps('packages/a/dist/cache/1')).toBe(true)
  expect(keeps('packages/a/other.tsbuildinfo')).toBe(true)
  expect(keeps('packages/a/src')).toBe(true)
})

test('what an entry does not have goes from directories in which something is left out, and from no others', () => {
  const outputs = ['packages/*/dist', '!packages/*/dist/cache', '?**/*.tsbuildinfo', '?a/dist/*']
  const selection = open(outputs, { ignored: '*.tsbuildinfo' }, (root) => {
    write(root, 'packages/a/dist/stale.js')
    write(root, 'packages/a/dist/old/stale.js')
    symlinkSync('deep', path.join(root, 'packages/a/dist/link'))
  })

  const stale = selection.findStale?.(['packages/a/dist/a.js', 'packages/a/dist/deep'])

  expect(stale?.map(({ declaredAs }) => declaredAs)).toEqual([
    'packages/a/dist/link',
    'packages/a/dist/old',
    'packages/a/dist/stale.js',
  ])
})

test('an entry may write what is selected, and nothing else', () => {
  const selection = open(['out', 'packages/*/dist', '!packages/*/dist/cache', '?**/*.tsbuildinfo'])
  const wants = (name: string): boolean | undefined =>
    selection.wants?.(path.join(rootOf(selection), name))

  expect(wants('out/x')).toBe(true)
  expect(wants('packages/c/dist/deep/x')).toBe(true)
  expect(wants('packages/a/dist/cache/1')).toBe(false)
  expect(wants('a.tsbuildinfo/x')).toBe(false)
  expect(wants('my.tsbuildinfo')).toBe(false)
})

function told(selection: TaskOutputs): unknown {
  selection.find()
  return selection.leftOut().map(({ because, relativePath }) => [because, relativePath])
}

function placeLinkAndFile(root: string): void {
  mkdirSync(path.join(root, 'packages/c'))
  symlinkSync('../a/dist', path.join(root, 'packages/c/dist'))
  write(root, 'packages/d/dist')
}

function placeRepository(root: string): void {
  execFileSync('git', ['init', '-q', path.join(root, 'packages/a')])
}

interface Options {
  readonly isRepository?: boolean
  readonly ignored?: string
  readonly tracked?: readonly string[]
}

const ROOTS = new WeakMap<TaskOutputs, string>()

function rootOf(selection: TaskOutputs): string {
  return ROOTS.get(selection) ?? ''
}

function open(
  outputs: readonly string[],
  { isRepository = true, ignored = '', tracked = ['packages/a/src/a.ts'] }: Options = {},
  prepare: (root: string) => void = () => {},
): TaskOutputs {
  const projectRoot = realpathSync(mkdtempSync(path.join(tmpdir(), 'taskvault-patterns-')))
  onTestFinished(() => rmSync(projectRoot, { recursive: true, force: true }))
  for (const name of FILES) write(projectRoot, name)
  writeFileSync(path.join(projectRoot, '.gitignore'), ignored)
  const git = (...words: readonly string[]): unknown =>
    execFileSync('git', ['-C', projectRoot, ...words])
  if (isRepository) git('init', '-q')
  if (isRepository) git('add', '-f', ...tracked)
  prepare(projectRoot)
  const { paths, patterns } = divideOutputs(outputs, projectRoot)
  const selection = findTaskOutputs(
    { outputs: paths, outputPatterns: patterns },
    { projectRoot, cacheDirectory: path.join(projectRoot, 'var/cache'), env: {} },
  )
  if (!('select' in selection)) throw new Error('there is no pattern among them')
  ROOTS.set(selection, projectRoot)
  return selection
}

function write(root: string, name: string): void {
  const file = path.join(root, name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, name)
}
