import { randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { createRepositoryFinder } from '../../git/repository-finder.ts'
import { openProject } from '../../testing/temporary-project.ts'
import type { PathContent, TemporaryProject } from '../../testing/temporary-project.ts'
import { findInputs } from './find-inputs.ts'
import { createInputSelection } from './input-selection.ts'

test('finds what patterns name, symlinks among it, and follows none', () => {
  const project = inProject({
    'src/a.ts': '',
    'src/deep/.b.ts': '',
    'src/link.ts': { target: '/etc/passwd' },
    'src/away': { target: '..' },
    'readme.md': '',
  })

  expect(find(project, ['src'])).toEqual(['src/a.ts', 'src/away', 'src/deep/.b.ts', 'src/link.ts'])
  expect(find(project, ['**/*.ts'])).toEqual(['src/a.ts', 'src/deep/.b.ts', 'src/link.ts'])
  expect(find(project, ['?src/away/readme.md'])).toEqual([])
})

test('the last pattern that matches decides', () => {
  const project = inProject({ 'a.ts': '', 'x/b.ts': '', 'x/y/c.ts': '', 'x/y/keep.ts': '' })

  expect(find(project, ['**', '!x/y'])).toEqual(['a.ts', 'x/b.ts'])
  expect(find(project, ['**', '!**/y/**', 'x/y/keep.ts'])).toEqual([
    'a.ts',
    'x/b.ts',
    'x/y/keep.ts',
  ])
  expect(find(project, ['!x', '**'])).toEqual(['a.ts', 'x/b.ts', 'x/y/c.ts', 'x/y/keep.ts'])
  expect(find(project, ['?**', '!**/*.ts', '?nothing'])).toEqual([])
})

test('a pattern that selects nothing is named, with what may have been meant', () => {
  const project = inProject({
    '.gitignore': 'dist/\n',
    'dist/a.js': '',
    'src/a.ts': '',
    'out/b': '',
  })
  const missing = (patterns: readonly string[], outputs: readonly string[] = []): unknown => {
    try {
      return find(project, patterns, { outputs })
    } catch (error) {
      return error
    }
  }

  expect(missing(['src', 'lib/**'])).toMatchObject({
    code: 'INPUT_MISSING',
    message: expect.stringContaining('"lib/**"'),
  })
  expect(missing(['dist/**'])).toMatchObject({
    code: 'INPUT_MISSING',
    hint: expect.stringMatching(/dist .*git ignores/),
  })
  expect(missing(['out'], ['out'])).toMatchObject({
    code: 'INPUT_MISSING',
    hint: expect.stringMatching(/task writes/),
  })
  expect(missing(['src', '!**/*.ts'])).toMatchObject({
    hint: expect.stringMatching(/another pattern/),
  })
  expect(missing(['lib/**', 'src', 'dist/**', 'dist/*.js'])).toMatchObject({
    message: 'No file matches the inputs "lib/**", "dist/**", "dist/*.js"',
    hint: expect.stringMatching(/^dist is left out because git ignores it[^.]*\. Correct /),
  })
  expect(missing(['?lib/**'])).toEqual([])
  expect(missing(['!src'])).toMatchObject({ code: 'ARGUMENT_INVALID' })
})

test('.git and .taskvault never count, at any depth', () => {
  const project = inProject({
    a: '',
    '.taskvault/config.yaml': '',
    'sub/.taskvault/cache/cache.db': '',
    'sub/.git': 'gitdir: nowhere',
    '.taskvault-stage-1/x': '',
  })
  project.git('init', '--quiet')

  expect(find(project, ['**', '?.git/HEAD', '?.taskvault/config.yaml'])).toEqual(['a'])
})

test('what the task writes does not count, unless it is named in full', () => {
  const project = inProject({ a: '', 'dist/b': '', 'report.xml': '', 'snapshot.json': '' })
  const outputs = ['dist', 'report.xml', 'snapshot.json']

  expect(find(project, ['**', 'snapshot.json'], { outputs })).toEqual(['a', 'snapshot.json'])
})

test('an output is a plain path, whatever its characters', () => {
  const project = inProject({ 'out[1]/a': '', 'out1/b': '', '!c': '', c: '' })

  expect(find(project, ['**'], { outputs: ['./out[1]/', '!c', '../elsewhere', '.'] })).toEqual([
    'c',
    'out1/b',
  ])
})

test('ignored files do not count, unless a pattern is exactly their path, or nobody cares', () => {
  const project = inProject({
    '.gitignore': 'node_modules/\n*.log\n.env\n',
    '.env': '',
    'a.ts': '',
    'b.log': '',
    'node_modules/x/index.js': '',
    'node_modules/x/package.json': '',
    'sub/.gitignore': '!keep.log\n/gen\n',
    'sub/gen/c.ts': '',
    'sub/keep.log': '',
  })

  expect(find(project, ['**'])).toEqual(['.gitignore', 'a.ts', 'sub/.gitignore', 'sub/keep.log'])
  expect(find(project, ['.env', 'node_modules/x/package.json'])).toEqual([
    '.env',
    'node_modules/x/package.json',
  ])
  expect(find(project, ['**/*.log'], { gitignore: false })).toEqual(['b.log', 'sub/keep.log'])
})

test('the rules of the whole repository hold in a project that is one of its directories', () => {
  const repository = inProject({
    '.gitignore': '*.log\n',
    'packages/.gitignore': '/app/gen\n',
    'packages/app/a.ts': '',
    'packages/app/b.log': '',
    'packages/app/gen/c.ts': '',
    'packages/app/local': '',
  })
  repository.git('init', '--quiet')
  writeFileSync(join(repository.root, '.git/info/exclude'), 'local\n')

  expect(find({ root: join(repository.root, 'packages/app') }, ['**'])).toEqual(['a.ts'])
})

test('a repository around the project that ignores all of it does not matter', () => {
  const home = inProject({
    '.gitignore': '*\n',
    'code/project/a': '',
    'code/project/.gitignore': 'b\n',
    'code/project/b': '',
  })
  home.git('init', '--quiet')

  expect(find({ root: join(home.root, 'code/project') }, ['**'])).toEqual(['.gitignore', 'a'])
})

test('excludes of the user are not respected: they differ between machines', () => {
  const project = inProject({ 'a.log': '', excludes: '*.log\n' })
  project.git('init', '--quiet')
  project.git('config', 'core.excludesFile', join(project.root, 'excludes'))

  expect(find(project, ['*.log'])).toEqual(['a.log'])
})

test('a .gitignore that is a symlink is not read, as in git', () => {
  const project = inProject({ '.gitignore': { target: 'rules' }, rules: 'a\n', a: '' })

  expect(find(project, ['a', '**'])).toEqual(['.gitignore', 'a', 'rules'])
})

test('what is tracked counts although a rule matches it', () => {
  const project = inProject({
    'dist/a.js': '',
    'dist/deep/b.js': '',
    'x.log': '',
    'dist/c.js': '',
    'y.log': '',
  })
  project.git('init', '--quiet')
  project.git('add', 'dist/a.js', 'dist/deep/b.js', 'x.log')
  project.write({ '.gitignore': 'dist\n*.log\n' })

  expect(find(project, ['**'])).toEqual(['.gitignore', 'dist/a.js', 'dist/deep/b.js', 'x.log'])
})

test('a repository inside the project has its own rules, and the outer ones end there', () => {
  const project = inProject({
    '.gitignore': '*.tmp\n',
    'inner/.gitignore': '*.log\n',
    'inner/a.tmp': '',
    'inner/b.log': '',
  })
  project.git('init', '--quiet')
  project.git('init', '--quiet', 'inner')

  expect(find(project, ['inner/**'])).toEqual(['inner/.gitignore', 'inner/a.tmp'])
})

test('finds what git finds: tracked, and untracked but not ignored', () => {
  const segment = fc.constantFrom('a', 'b', 'c.log', 'd', 'node_modules')
  const path = fc
    .array(segment, { minLength: 1, maxLength: 4 })
    .map((segments) => segments.join('/'))
  const rule = fc
    .tuple(
      fc.constantFrom('', '!', '/', '!/'),
      fc.oneof(path, fc.constantFrom('*.log', '*', 'a/**', '**/b')),
      fc.constantFrom('', '/'),
    )
    .map((parts) => parts.join(''))
  const rules = fc.array(rule, { maxLength: 4 }).map((lines) => lines.join('\n'))
  const tree = fc.record({
    files: fc.array(path, { minLength: 1, maxLength: 10 }),
    tracked: fc.array(path, { maxLength: 4 }),
    ignores: fc.array(fc.tuple(fc.constantFrom('', 'a/', 'b/', 'a/d/'), rules), {
      minLength: 1,
      maxLength: 3,
    }),
  })
  fc.assert(
    fc.property(tree, ({ files, tracked, ignores }) => {
      using project = openProject()
      project.git('init', '--quiet')
      for (const file of [...files, ...tracked]) writeIfPossible(project, file)
      for (const file of tracked) tryGit(project, 'add', '--force', file)
      for (const [directory, text] of ignores)
        writeIfPossible(project, `${directory}.gitignore`, text)
      const expected = project
        .git('ls-files', '-z', '--cached', '--others', '--exclude-standard')
        .split('\0')
        .filter((one) => one !== '')
      const subjects = [...new Set(expected)].toSorted()

      expect(find(project, ['?**'])).toEqual(subjects)
    }),
    { numRuns: 60 },
  )
}, 60_000)

test('the order of the patterns that match does not matter, nor how often they do', () => {
  const project = inProject({ 'a.ts': '', 'b/c.ts': '', 'b/d.md': '' })
  const patterns = ['**/*.ts', 'b', 'a.ts', '**/*.md']
  fc.assert(
    fc.property(fc.shuffledSubarray([...patterns, ...patterns], { minLength: 8 }), (shuffled) => {
      expect(find(project, shuffled)).toEqual(['a.ts', 'b/c.ts', 'b/d.md'])
    }),
    { numRuns: 20 },
  )
})

test('a name that is no UTF-8 is refused where it matters, and only there', () => {
  const project = inProject({ 'good/a': '' })
  mkdirSync(Buffer.concat([Buffer.from(`${project.root}/caf`), Buffer.from([0xe9])]))
  writeFileSync(Buffer.concat([Buffer.from(`${project.root}/good/caf`), Buffer.from([0xe9])]), '')

  expect(() => find(project, ['**'])).toThrow(expect.objectContaining({ code: 'NAME_UNSUPPORTED' }))
  expect(() => find(project, ['good'])).toThrow(
    expect.objectContaining({ code: 'NAME_UNSUPPORTED' }),
  )
  expect(find(project, ['good/a'])).toEqual(['good/a'])
})

test('a name that really contains U+FFFD is one like any other, unless it stands for two', () => {
  const project = inProject({ 'a\uFFFD': '' })
  expect(find(project, ['**'])).toEqual(['a\uFFFD'])

  writeFileSync(Buffer.concat([Buffer.from(`${project.root}/a`), Buffer.from([0xe9])]), '')
  expect(() => find(project, ['**'])).toThrow(expect.objectContaining({ code: 'NAME_UNSUPPORTED' }))
})

test('pipes are passed over, and refused when they are named', () => {
  const project = inProject({ a: '' })
  project.makePipe('pipe')

  expect(find(project, ['**'])).toEqual(['a'])
  expect(() => find(project, ['pipe'])).toThrow(
    expect.objectContaining({ code: 'INPUT_UNREADABLE' }),
  )
})

test('directories in which nothing can match are not looked into', () => {
  const project = inProject({ 'src/a.ts': '', 'secret/b': '' })
  // Would be refused: its name is no UTF-8.
  mkdirSync(Buffer.concat([Buffer.from(`${project.root}/secret/`), Buffer.from([0xe9])]))

  expect(
    find(
      project,
      ['src/**', '*.md', 'src/x/**'].map((text) => `?${text}`),
    ),
  ).toEqual(['src/a.ts'])
  expect(find(project, ['**', '!secret'])).toEqual(['src/a.ts'])
  expect(() => find(project, ['**', '!secret', '?secret/c'])).not.toThrow()
  expect(() => find(project, ['**'])).toThrow(expect.objectContaining({ code: 'NAME_UNSUPPORTED' }))
})

test('a project that is not there is refused', () => {
  expect(() => find({ root: join(tmpdir(), randomUUID()) }, ['**'], { gitignore: false })).toThrow(
    expect.objectContaining({ code: 'INPUT_UNREADABLE' }),
  )
})

interface FindSettings {
  readonly outputs?: readonly string[]
  readonly gitignore?: boolean
}

function find(
  { root }: Pick<TemporaryProject, 'root'>,
  patterns: readonly string[],
  { outputs = [], gitignore = true }: FindSettings = {},
): string[] {
  const selection = createInputSelection(root, { patterns, outputs })
  const options = gitignore ? { gitignore: { finder: createRepositoryFinder(process.env) } } : {}
  return findInputs(root, selection, options)
    .flatMap(({ relativePath, names }) =>
      names.map((name) => (relativePath === '' ? name : `${relativePath}/${name}`)),
    )
    .toSorted()
}

function inProject(paths: Readonly<Record<string, PathContent>>): TemporaryProject {
  const project = openProject(paths)
  onTestFinished(() => project[Symbol.dispose]())
  return project
}

function writeIfPossible(project: TemporaryProject, path: string, text = ''): void {
  try {
    project.write({ [path]: text })
  } catch {
    // A file is in the way of a directory, or the other way round: the tree is just another one.
  }
}

function tryGit(project: TemporaryProject, ...args: readonly string[]): void {
  try {
    project.git(...args)
  } catch {
    // The path could not be written.
  }
}
