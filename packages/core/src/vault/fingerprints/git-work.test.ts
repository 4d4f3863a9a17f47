import { rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { createMemoryStatCache } from '../../files/scanning/stat-cache.ts'
import type { GitSource } from '../../git/list-files.ts'
import { openHashAlgorithm } from '../../hashing/open-hash-algorithm.ts'
import type { TaskKey } from '../../model/digest.ts'
import { encodingOf } from '../../model/fingerprint.ts'
import type { KeyedFingerprint } from '../../model/fingerprint.ts'
import { parseTaskName } from '../../model/task.ts'
import type { TaskDefinition } from '../../model/task.ts'
import type { Database } from '../../store/database/database.ts'
import { openDatabase } from '../../store/database/open-database.ts'
import { ensureTables } from '../../store/database/schema.ts'
import { gitEnvironment, openProject } from '../../testing/temporary-project.ts'
import type { TemporaryProject } from '../../testing/temporary-project.ts'
import { fingerprintTask } from './fingerprint-task.ts'
import type { FingerprintContext } from './fingerprint-task.ts'
import { createGitContentsTable } from './git-contents-table.ts'
import { openGitWork } from './git-work.ts'
import type { GitWork, GitWorkContext, GitWorkRequest } from './git-work.ts'

const INDEX: GitSource = { kind: 'index' }
const HEAD: GitSource = { kind: 'commit', commit: 'HEAD' }

test('whatever is staged, the key that is remembered is the one that a fingerprint has', async () => {
  const files = fc.dictionary(
    fc.constantFrom('src/a', 'src/b/c', 'docs/x', 'ä'),
    fc.constantFrom('1', '2', { executable: '1' } as const),
    { minKeys: 1, noNullPrototype: true },
  )
  const version = fc.constantFrom('2', '4')
  await fc.assert(
    fc.asyncProperty(fc.array(files, { minLength: 2, maxLength: 4 }), version, async (steps, v) => {
      using project = openProject()
      project.git('init', '-q')
      project.git('config', 'index.version', v)
      const context = rememberingAll(await openContext(project))
      for (const step of [...steps, ...steps]) {
        project.git('rm', '-r', '-q', '-f', '--cached', '--ignore-unmatch', '.')
        project.write(step)
        project.git('add', '--', ...Object.keys(step))
        // A commit writes the trees before it asks its hook; sometimes there is none.
        if (steps.indexOf(step) % 2 === 0) project.git('write-tree')
        for (const definition of [{}, { inputs: ['?src/**', '!**/c'] }]) {
          const work = await open(project, INDEX, { context, definition })
          const expected = await fingerprintTask(requestFor(project, INDEX, definition), context)
          if (work.knownKey !== undefined) expect(work.knownKey).toBe(expected.key)
          const made = await work.fingerprint()
          expect(made).toEqual(expected)
          context.keep(made)
          work.noteSaved()
          const again = await open(project, INDEX, { context, definition })
          expect(again.knownKey).toBe(expected.key)
        }
      }
    }),
    { numRuns: 8 },
  )
}, 60_000)

test('a key is known for the commit once it was for the index, and for whatever has the same files', async () => {
  const project = inRepository()
  const context = await openContext(project)
  const definition = { inputs: ['src/**'] }
  const { key } = await (await open(project, INDEX, { context, definition })).fingerprint()

  project.git('commit', '-q', '-m', 'first')
  project.write({ 'README.md': 'other' })
  project.git('add', '.')
  const known = [HEAD, INDEX].map((source) => open(project, source, { context, definition }))

  expect((await Promise.all(known)).map(({ knownKey }) => knownKey)).toEqual([key, key])
})

test.each<[string, Partial<TaskDefinition>, Readonly<Record<string, string>>]>([
  ['another pattern', { inputs: ['?src/**'] }, {}],
  ['an output', { outputs: ['src'] }, {}],
  ['another salt', { salt: 'x' }, {}],
  ['another value of a variable', { env: ['HOME'] }, { HOME: '/elsewhere' }],
])('with %s the key is another one', async (_, definition, env) => {
  const project = inRepository()
  const context = await openContext(project)
  const before = await (await open(project, INDEX, { context })).fingerprint()

  const after = await open(project, INDEX, { context, definition, env })

  expect(after.knownKey).not.toBe(before.key)
})

test('of work that was done with other files, only those are read, wherever the project lies', async () => {
  const project = openProject({ 'in/src/a': 'a', 'in/src/gone': 'b', 'in/ä': 'c', other: 'd' })
  onTestFinished(() => project[Symbol.dispose]())
  project.git('init', '-q')
  project.git('add', '.')
  project.git('write-tree')
  const context = rememberingAll(await openContext(project))
  const inside = { ...requestFor(project, INDEX, {}), projectRoot: join(project.root, 'in') }
  const first = await openGitWork(inside, context)
  context.keep(await first.fingerprint())
  first.noteSaved()
  // Of the first time, every blob is known: without them, only the earlier fingerprint tells of `a`.
  context.database.exec("DELETE FROM git_contents WHERE git_id NOT LIKE 'key:%'")
  project.git('update-index', '--chmod=+x', 'in/ä')
  project.git('rm', '-q', '--cached', 'in/src/gone')
  project.write({ 'in/new': 'e', other: 'f' })
  project.git('add', 'in/new', 'other')
  project.git('write-tree')
  const objectsOfA = project.git('rev-parse', ':in/src/a').trim()
  rmSync(join(project.root, '.git/objects', objectsOfA.slice(0, 2), objectsOfA.slice(2)))

  const { fingerprint } = await (await openGitWork(inside, context)).fingerprint()

  expect(fingerprint.files.map(({ relativePath, kind }) => `${kind} ${relativePath}`)).toEqual([
    'file new',
    'file src/a',
    'executable ä',
  ])
})

test.each(['the entry', 'the tree', 'the right text'])(
  'without %s of the work that was done before, every file is read',
  async (lacking) => {
    const project = inRepository()
    const tree = project.git('write-tree').trim()
    const context = rememberingAll(await openContext(project))
    const first = await open(project, INDEX, { context })
    const before = await first.fingerprint()
    first.noteSaved()
    if (lacking !== 'the entry') context.keep(before)
    if (lacking === 'the tree')
      rmSync(join(project.root, '.git/objects', tree.slice(0, 2), tree.slice(2)))
    if (lacking === 'the right text')
      context.keep({ ...before, encoded: Buffer.from(`${encodingOf(before)}file\t-\tmore\n`) })
    project.write({ 'src/a': 'other' })
    project.git('add', '.')
    project.git('write-tree')

    const made = await (await open(project, INDEX, { context })).fingerprint()

    expect(made).toEqual(await fingerprintTask(requestFor(project, INDEX, {}), context))
  },
)

test('of a commit, too, only what is otherwise is asked for', async () => {
  const project = inRepository({ 'lib/b': 'b' })
  const context = rememberingAll(await openContext(project))
  await saveCommit(project, context, {})
  const unchanged = project.git('rev-parse', 'HEAD:lib').trim()
  project.write({ 'src/a': 'other', 'src/c': 'new' })
  project.git('add', '.')
  project.git('commit', '-q', '-m', 'second')
  const expected = await fingerprintTask(requestFor(project, HEAD, {}), context)
  rmSync(join(project.root, '.git/objects', unchanged.slice(0, 2), unchanged.slice(2)))

  const work = await open(project, HEAD, { context })

  expect(work.knownKey).toBe(expected.key)
  expect(await work.fingerprint()).toEqual(expected)
})

test('a pattern that selects nothing any more is an error, whatever was saved before', async () => {
  const project = inRepository({ 'lib/b': 'b' })
  const context = rememberingAll(await openContext(project))
  const definition = { inputs: ['src/**', 'lib/**'] }
  await saveCommit(project, context, definition)
  project.git('rm', '-q', 'lib/b')
  project.git('commit', '-q', '-m', 'second')

  await expect(open(project, HEAD, { context, definition })).rejects.toMatchObject({
    code: 'INPUT_MISSING',
  })
})

test('files that are gone, and a submodule that is new, count in the next commit', async () => {
  const library = inRepository()
  library.git('commit', '-q', '-m', 'first')
  const project = inRepository({ 'lib/b': 'b' })
  const context = rememberingAll(await openContext(project))
  const definition = { inputs: ['src/**', '?lib/**', '?sub/**'] }
  const changes = [
    ['rm', '-q', 'lib/b'],
    ['submodule', '--quiet', 'add', library.root, 'sub'],
  ]
  for (const change of changes) {
    await saveCommit(project, context, definition)
    project.git(...change)
    project.git('commit', '-q', '-m', 'next')

    const made = await (await open(project, HEAD, { context, definition })).fingerprint()

    expect(made).toEqual(await fingerprintTask(requestFor(project, HEAD, definition), context))
  }
})

test('a tool is asked each time', async () => {
  const project = inRepository()
  project.write({ version: { executable: '#!/bin/sh\necho 1\n' } })
  const context = await openContext(project)
  const definition = { inputs: ['src/**'], tools: ['./version'] }
  const before = await (await open(project, INDEX, { context, definition })).fingerprint()
  const same = await open(project, INDEX, { context, definition })
  project.write({ version: { executable: '#!/bin/sh\necho 2\n' } })

  const after = await open(project, INDEX, { context, definition })

  expect(same.knownKey).toBe(before.key)
  expect(after.knownKey).toBeUndefined()
})

test('the files of a submodule count, and only while it is checked out', async () => {
  const library = inRepository()
  library.git('commit', '-q', '-m', 'first')
  const project = inRepository()
  project.git('submodule', '--quiet', 'add', library.root, 'sub')
  project.git('commit', '-q', '-m', 'first')
  const context = await openContext(project)
  const before = await (await open(project, HEAD, { context })).fingerprint()

  project.git('submodule', '--quiet', 'deinit', '-f', 'sub')
  const without = await open(project, HEAD, { context })

  expect(before.fingerprint.files.map(({ relativePath }) => relativePath)).toContain('sub/src/a')
  expect(without.knownKey).not.toBe(before.key)
  expect((await without.fingerprint()).key).not.toBe(before.key)
})

test('a pattern that selects nothing is an error, known or not', async () => {
  const project = inRepository()
  const context = await openContext(project)

  for (const source of [INDEX, INDEX]) {
    await expect(
      open(project, source, { context, definition: { inputs: ['nowhere/**'] } }),
    ).rejects.toMatchObject({ code: 'INPUT_MISSING' })
  }
})

interface Asking {
  readonly context: FingerprintContext
  readonly definition?: Partial<TaskDefinition>
  readonly env?: Readonly<Record<string, string>>
}

async function open(
  project: TemporaryProject,
  source: GitSource,
  { context, definition = {}, env = {} }: Asking,
): Promise<GitWork> {
  const request = requestFor(project, source, definition)
  return await openGitWork({ ...request, env: { ...request.env, ...env } }, context)
}

function requestFor(
  { root }: TemporaryProject,
  source: GitSource,
  definition: Partial<TaskDefinition>,
): GitWorkRequest {
  return {
    task: parseTaskName('unit_tests'),
    definition: { inputs: ['**'], outputs: [], env: [], tools: [], ...definition },
    command: ['npm test'],
    projectRoot: root,
    env: gitEnvironment(),
    source,
  }
}

interface TestContext extends FingerprintContext {
  readonly database: Database
}

async function openContext({ root }: TemporaryProject): Promise<TestContext> {
  const algorithm = await openHashAlgorithm('blake3')
  const database = await openDatabase(join(root, '.git', 'cache.db'))
  ensureTables(database)
  const contents = createGitContentsTable(database, algorithm)
  return { algorithm, contents, database, statCache: createMemoryStatCache(), now: Date.now }
}

/** As if each work whose fingerprint is kept had an entry. */
function rememberingAll(
  context: TestContext,
): GitWorkContext & TestContext & { keep(work: KeyedFingerprint): void } {
  const kept = new Map<TaskKey, Buffer>()
  return {
    ...context,
    readEncoded: (key) => Promise.resolve(kept.get(key)),
    keep: (work) => void kept.set(work.key, encodingOf(work)),
  }
}

/** Commits what is staged, and saves work on it. */
async function saveCommit(
  project: TemporaryProject,
  context: ReturnType<typeof rememberingAll>,
  definition: Partial<TaskDefinition>,
): Promise<void> {
  project.git('commit', '-q', '--allow-empty', '-m', 'saved')
  const work = await open(project, HEAD, { context, definition })
  context.keep(await work.fingerprint())
  work.noteSaved()
}

function inRepository(more: Readonly<Record<string, string>> = {}): TemporaryProject {
  const project = openProject({ 'src/a': 'a', 'README.md': 'read me', ...more })
  onTestFinished(() => project[Symbol.dispose]())
  project.git('init', '-q')
  project.git('add', '.')
  return project
}
