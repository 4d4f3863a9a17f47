import { chmodSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { createMemoryStatCache } from '../../files/scanning/stat-cache.ts'
import { openHashAlgorithm } from '../../hashing/open-hash-algorithm.ts'
import type { KeyedFingerprint } from '../../model/fingerprint.ts'
import { parseTaskName } from '../../model/task.ts'
import type { WorkDefinition } from '../../model/task.ts'
import { createMemoryGitContents } from '../../testing/memory-git-contents.ts'
import { gitEnvironment, openProject } from '../../testing/temporary-project.ts'
import type { PathContent, TemporaryProject } from '../../testing/temporary-project.ts'
import { fingerprintTask } from './fingerprint-task.ts'
import type { InputSource } from './fingerprint-task.ts'

const WORK_TREE: InputSource = { kind: 'work-tree' }
const INDEX: InputSource = { kind: 'index' }
const HEAD: InputSource = { kind: 'commit', commit: 'HEAD' }

test('a clean checkout has one key, from the work tree, the index and the commit', async () => {
  const repository = inRepository({
    'src/a.ts': 'a',
    'run.sh': { executable: 'echo' },
    link: { target: 'src/a.ts' },
    'größe/x\ty\nz "q"\\': 'odd',
    empty: '',
    bytes: Uint8Array.of(0, 255, 10, 13),
    '.gitignore': 'dist\n',
  })
  // Tracked although a rule matches it: git does not ignore it, nor do we.
  repository.write({ 'dist/kept.js': 'k' })
  repository.git('add', '--force', 'dist/kept.js')
  commit(repository)
  // Ignored, and so not part of the checkout.
  repository.write({ 'dist/built.js': 'b' })

  const [one, two, three] = await fromAll(repository)

  expect(two).toEqual(one)
  expect(three).toEqual(one)
  expect(one.fingerprint.files.map(({ relativePath }) => relativePath)).toContain('dist/kept.js')
})

test('any tree has the same key from all three sources, whatever was renamed and made executable', async () => {
  const paths = fc.constantFrom('a', 'b', 'd/a', 'd/e/f', 'ä b', 'x\ny', '-x', 'q\\"', '*', '[id]')
  const content: fc.Arbitrary<PathContent> = fc.oneof(
    fc.constantFrom('', 'one', 'two\r\n'),
    fc.constant({ executable: 'one' }),
    fc.constantFrom('a', 'd', '/nowhere').map((target) => ({ target })),
  )
  const tree = fc.dictionary(paths, content, { minKeys: 1, maxKeys: 6, noNullPrototype: true })
  const ignores = fc.constantFrom('', 'a\n', 'd/\n', '*\n!b\n')
  const version = fc.constantFrom('2', '3', '4')
  await fc.assert(
    fc.asyncProperty(
      tree,
      fc.record({ ignores, version, moved: paths }),
      async (files, settings) => {
        using repository = openProject({ ...files, '.gitignore': settings.ignores })
        repository.git('init', '--quiet')
        repository.git('config', 'index.version', settings.version)
        repository.git('add', '--force', '.')
        commit(repository)
        if (settings.moved in files) {
          repository.git('mv', '--', settings.moved, 'moved')
          const mode = typeof files[settings.moved] === 'string' ? '+x' : undefined
          if (mode !== undefined) chmodSync(join(repository.root, 'moved'), 0o755)
          repository.git('add', '--force', '--all')
          commit(repository)
        }
        const [one, two, three] = await fromAll(repository, { inputs: ['?**'] })
        expect(two).toEqual(one)
        expect(three).toEqual(one)
      },
    ),
    { numRuns: 40 },
  )
}, 60_000)

test('each source shows its own state', async () => {
  const repository = inRepository({ a: 'committed', b: 'b' })
  repository.write({ a: 'staged' })
  repository.git('add', 'a')
  repository.write({ a: 'edited' })

  const [edited, staged, committed] = await fromAll(repository)
  repository.git('commit', '--quiet', '-m', 'Commit what is staged')
  const [, , now] = await fromAll(repository)
  const former = await fingerprint(repository, { kind: 'commit', commit: 'HEAD~1' })

  expect(new Set([edited.key, staged.key, committed.key]).size).toBe(3)
  expect(now.key).toBe(staged.key)
  expect(former.key).toBe(committed.key)
})

test('patterns, exclusions and outputs select the same from all three sources', async () => {
  const repository = inRepository({
    'src/a.ts': '',
    'src/a.test.ts': '',
    'app/[id]/page.tsx': '',
    'dist/x': '',
    'readme.md': '',
    '.taskvault/config.yaml': '',
  })
  const definition = {
    inputs: ['src/**', '!**/*.test.ts', 'app/[id]/page.tsx', '**/*.md', '?dist'],
    outputs: ['dist'],
  }

  const [one, two, three] = await fromAll(repository, definition)

  expect(one.fingerprint.files.map(({ relativePath }) => relativePath)).toEqual([
    'app/[id]/page.tsx',
    'readme.md',
    'src/a.ts',
  ])
  expect(two).toEqual(one)
  expect(three).toEqual(one)
})

test('what git tracks counts, also where a pattern of the outputs matches it; what the task made does not', async () => {
  const repository = inRepository({
    'packages/a/src/a.ts': '',
    'packages/a/dist/.keep': '',
    'packages/b/src/b.ts': '',
    '.gitignore': '*.log\n',
  })
  const definition = { inputs: ['packages/**'], outputPatterns: ['packages/*/dist', '**/*.ts'] }
  repository.write({ 'packages/b/dist/deep/made': '', 'packages/b/dist/made': '' })

  const [one, two, three] = await fromAll(repository, definition)
  repository.write({ 'packages/a/dist/made': '', 'packages/a/src/new.ts': '' })
  const [edited] = await fromAll(repository, definition)

  expect(one.fingerprint.files.map(({ relativePath }) => relativePath)).toEqual([
    'packages/a/dist/.keep',
    'packages/a/src/a.ts',
    'packages/b/src/b.ts',
  ])
  expect(two).toEqual(one)
  expect(three).toEqual(one)
  // Not yet added, and not ignored: it may be a source.
  expect(edited.fingerprint.files.map(({ relativePath }) => relativePath)).toEqual(
    expect.arrayContaining(['packages/a/dist/made', 'packages/a/src/new.ts']),
  )
})

test('a project that is a directory of the repository has paths relative to itself', async () => {
  const repository = inRepository({
    'packages/app/src/a.ts': 'a',
    'packages/application/b': 'b',
    root: '',
  })
  const project = { ...repository, root: join(repository.root, 'packages/app') }

  const [one, two, three] = await fromAll(project)

  expect(one.fingerprint.files.map(({ relativePath }) => relativePath)).toEqual(['src/a.ts'])
  expect(two).toEqual(one)
  expect(three).toEqual(one)
})

test('a linked work tree has the key of the main one', async () => {
  const repository = inRepository({ a: 'a', '.gitignore': '*.log\n' })
  const other = inProject({})
  repository.git('worktree', 'add', '--quiet', '--detach', join(other.root, 'linked'))
  other.write({ 'linked/x.log': '' })

  const keys = await fromAll({ ...other, root: join(other.root, 'linked') })

  expect(
    new Set([...keys, await fingerprint(repository, WORK_TREE)].map(({ key }) => key)).size,
  ).toBe(1)
})

test('a submodule counts as its files, in all three sources', async () => {
  const library = inRepository({ 'lib.c': '1', '.gitignore': '*.o\n' })
  const repository = inRepository({ 'main.c': '', '.gitignore': '*.log\n' })
  repository.git('submodule', '--quiet', 'add', library.root, 'vendor/lib')
  repository.git('commit', '--quiet', '-m', 'Add the library')
  repository.write({ 'vendor/lib/x.o': '' })

  const [one, two, three] = await fromAll(repository)
  repository.write({ 'vendor/lib/lib.c': '2' })
  const edited = await fingerprint(repository, WORK_TREE)

  expect(one.fingerprint.files.map(({ relativePath }) => relativePath)).toEqual([
    '.gitignore',
    '.gitmodules',
    'main.c',
    'vendor/lib/.gitignore',
    'vendor/lib/lib.c',
  ])
  expect(two).toEqual(one)
  expect(three).toEqual(one)
  expect(edited.key).not.toBe(one.key)
})

test('a submodule that is not checked out counts as nothing, in all three sources', async () => {
  const library = inRepository({ 'lib.c': '1' })
  const origin = inRepository({ 'main.c': '' })
  origin.git('submodule', '--quiet', 'add', library.root, 'lib')
  origin.git('commit', '--quiet', '-m', 'Add the library')
  const clone = inProject({})
  clone.git('clone', '--quiet', origin.root, '.')

  const [one, two, three] = await fromAll(clone)

  expect(one.fingerprint.files.map(({ relativePath }) => relativePath)).toEqual([
    '.gitmodules',
    'main.c',
  ])
  expect(two).toEqual(one)
  expect(three).toEqual(one)
})

test('a split index and a sparse one are read through git', async () => {
  const repository = inRepository({ 'a/x': '1', 'b/y': '2', z: '3' })
  const plain = await fingerprint(repository, INDEX)

  repository.git('update-index', '--split-index')
  const split = await fingerprint(repository, INDEX)
  repository.git('update-index', '--no-split-index')
  repository.git('sparse-checkout', 'set', '--cone', '--sparse-index', 'a')
  const sparse = await fingerprint(repository, INDEX)

  expect(split).toEqual(plain)
  expect(sparse).toEqual(plain)
})

test('a repository of SHA-256 ids has the same keys', async () => {
  const files = { a: 'a', 'b/c': { executable: 'c' } }
  const repository = inProject(files)
  repository.git('init', '--quiet', '--object-format=sha256')
  repository.git('add', '.')
  commit(repository)

  const [one, two, three] = await fromAll(repository)

  expect(two).toEqual(one)
  expect(three).toEqual(one)
  expect((await fingerprint(inRepository(files), INDEX)).key).toBe(one.key)
})

test('what is only intended to be added is not about to be committed', async () => {
  const repository = inRepository({ a: 'a' })
  const before = await fingerprint(repository, INDEX)

  repository.write({ b: 'b' })
  repository.git('add', '--intent-to-add', 'b')

  expect((await fingerprint(repository, INDEX)).key).toBe(before.key)
})

test('a hook of `git commit -a` sees the index of that commit', async () => {
  const repository = inRepository({ a: '1' })
  repository.write({ a: '2' })
  const expected = await fingerprint(repository, WORK_TREE)
  const index = join(repository.root, '.git/index.lock')
  repository.git('add', 'a')
  renameSync(join(repository.root, '.git/index'), index)

  const byPath = await fingerprint(
    repository,
    INDEX,
    {},
    { GIT_INDEX_FILE: index, GIT_DIR: '.git', GIT_PREFIX: 'x/' },
  )
  const relative = await fingerprint(repository, INDEX, {}, { GIT_INDEX_FILE: '.git/index.lock' })

  expect(byPath.key).toBe(expected.key)
  expect(relative.key).toBe(expected.key)
})

test('a hook of another repository does not lend us its index', async () => {
  const repository = inRepository({ a: '1' })
  const other = inRepository({ b: '2' })
  const env = {
    GIT_DIR: join(other.root, '.git'),
    GIT_INDEX_FILE: join(other.root, '.git/index'),
    GIT_WORK_TREE: other.root,
  }

  const [one, two, three] = await fromAll(repository, {}, env)

  expect(one.fingerprint.files.map(({ relativePath }) => relativePath)).toEqual(['a'])
  expect(two).toEqual(one)
  expect(three).toEqual(one)
})

test('what cannot be told is refused', async () => {
  const repository = inRepository({ a: '1' })
  const outside = inProject({ a: '1' })
  const gitFailed = { code: 'GIT_FAILED' }

  await expect(fingerprint(outside, INDEX)).rejects.toMatchObject(gitFailed)
  await expect(fingerprint(repository, { kind: 'commit', commit: 'nosuch' })).rejects.toMatchObject(
    gitFailed,
  )
  await expect(
    fingerprint(repository, { kind: 'commit', commit: '--output=x' }),
  ).rejects.toMatchObject(gitFailed)
  await expect(fingerprint(repository, INDEX, { inputs: ['b'] })).rejects.toMatchObject({
    code: 'INPUT_MISSING',
  })
  await expect(fingerprint(repository, HEAD, {}, { PATH: '/nonexistent' })).rejects.toMatchObject(
    gitFailed,
  )
})

test('the work tree needs no git on the machine', async () => {
  const repository = inRepository({ 'dist/a': 'a', b: 'b' })
  repository.write({ '.gitignore': 'dist\n' })

  const { fingerprint: found } = await fingerprint(
    repository,
    WORK_TREE,
    {},
    { PATH: '/nonexistent' },
  )

  expect(found.files.map(({ relativePath }) => relativePath)).toEqual(['.gitignore', 'b', 'dist/a'])
})

test('an index with conflicts is refused', async () => {
  const repository = inRepository({ a: '0' })
  repository.git('checkout', '--quiet', '-b', 'other')
  repository.write({ a: '1' })
  commit(repository)
  repository.git('checkout', '--quiet', '-')
  repository.write({ a: '2' })
  commit(repository)
  expect(() => repository.git('merge', 'other')).toThrow(/CONFLICT|merge/)

  await expect(fingerprint(repository, INDEX)).rejects.toMatchObject({ code: 'GIT_FAILED' })
})

test('a name that is no UTF-8 is refused where it matters', async () => {
  const repository = inRepository({ a: '' })
  writeFileSync(Buffer.concat([Buffer.from(`${repository.root}/caf`), Buffer.from([0xe9])]), '')
  repository.git('add', '.')
  commit(repository)

  for (const source of [WORK_TREE, INDEX, HEAD]) {
    await expect(fingerprint(repository, source)).rejects.toMatchObject({
      code: 'NAME_UNSUPPORTED',
    })
    expect(
      (await fingerprint(repository, source, { inputs: ['a'] })).fingerprint.files,
    ).toHaveLength(1)
  }
})

test('a missing blob is refused, and nothing is fetched for it', async () => {
  const origin = inRepository({ a: '1', big: 'first' })
  origin.write({ big: 'second' })
  commit(origin)
  origin.git('config', 'uploadpack.allowFilter', 'true')
  const clone = inProject({})
  clone.git('clone', '--quiet', '--filter=blob:none', `file://${origin.root}`, '.')

  const [one, two, three] = await fromAll(clone)
  const former = fingerprint(clone, { kind: 'commit', commit: 'HEAD~1' })

  expect(two).toEqual(one)
  expect(three).toEqual(one)
  await expect(former).rejects.toMatchObject({ code: 'GIT_FAILED' })
  // Without our settings, git does fetch it.
  expect(clone.git('cat-file', 'blob', 'HEAD~1:big')).toBe('first')
  expect(
    (await fingerprint(clone, { kind: 'commit', commit: 'HEAD~1' })).fingerprint.files,
  ).toHaveLength(2)
})

test('blobs larger than a pipe come through whole', async () => {
  const repository = inRepository({ big: Buffer.alloc(3_000_000, 'abc'), a: '', z: 'z' })

  const [one, two, three] = await fromAll(repository)

  expect(two).toEqual(one)
  expect(three).toEqual(one)
})

async function fromAll(
  project: TemporaryProject,
  definition: Partial<WorkDefinition> = {},
  env: Readonly<Record<string, string>> = {},
): Promise<[KeyedFingerprint, KeyedFingerprint, KeyedFingerprint]> {
  return [
    await fingerprint(project, WORK_TREE, definition, env),
    await fingerprint(project, INDEX, definition, env),
    await fingerprint(project, HEAD, definition, env),
  ]
}

async function fingerprint(
  { root }: TemporaryProject,
  source: InputSource,
  ...[definition = {}, env = {}]: [Partial<WorkDefinition>?, Readonly<Record<string, string>>?]
): Promise<KeyedFingerprint> {
  const algorithm = await openHashAlgorithm('blake3')
  return await fingerprintTask(
    {
      task: parseTaskName('unit_tests'),
      definition: { inputs: ['**'], outputs: [], env: [], tools: [], ...definition },
      command: undefined,
      projectRoot: root,
      env: { ...gitEnvironment(), ...env },
      source,
    },
    {
      algorithm,
      contents: createMemoryGitContents(),
      statCache: createMemoryStatCache(),
      now: Date.now,
    },
  )
}

/** A repository whose first commit holds these files. */
function inRepository(paths: Readonly<Record<string, PathContent>>): TemporaryProject {
  const project = inProject(paths)
  project.git('init', '--quiet')
  project.git('add', '.')
  commit(project)
  return project
}

function commit(project: TemporaryProject): void {
  project.git('add', '--update')
  project.git('commit', '--quiet', '--allow-empty', '-m', 'Change')
}

function inProject(paths: Readonly<Record<string, PathContent>>): TemporaryProject {
  const project = openProject(paths)
  onTestFinished(() => project[Symbol.dispose]())
  return project
}
