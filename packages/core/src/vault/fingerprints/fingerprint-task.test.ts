import { execFileSync } from 'node:child_process'
import { chmodSync, renameSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { createMemoryStatCache } from '../../files/scanning/stat-cache.ts'
import { openHashAlgorithm } from '../../hashing/open-hash-algorithm.ts'
import { compareFingerprints } from '../../model/explain.ts'
import type { KeyedFingerprint } from '../../model/fingerprint.ts'
import { parseTaskName } from '../../model/task.ts'
import type { WorkDefinition } from '../../model/task.ts'
import { createMemoryGitContents } from '../../testing/memory-git-contents.ts'
import { openProject } from '../../testing/temporary-project.ts'
import type { PathContent, TemporaryProject } from '../../testing/temporary-project.ts'
import { fingerprintTask } from './fingerprint-task.ts'
import type { TaskFingerprintRequest } from './fingerprint-task.ts'

const FILES = {
  'src/a.ts': 'a',
  'src/b.ts': 'b',
  'run.sh': { executable: 'echo' },
  link: { target: 'src' },
}

test('the same work has the same key, wherever and whenever it lies', async () => {
  const here = inProject(FILES)
  const there = inProject(Object.fromEntries(Object.entries(FILES).toReversed()))
  const earlier = process.umask(0o077)
  there.write({ 'src/a.ts': 'a' })
  process.umask(earlier)
  utimesSync(join(there.root, 'src/b.ts'), 1, 1)
  chmodSync(join(there.root, 'src/b.ts'), 0o664)

  const [one, other] = [
    await fingerprint(here),
    await fingerprint(there, { env: { LANG: 'tr_TR.UTF-8', OTHER: 'x' } }),
  ]

  expect(other.key).toBe(one.key)
  expect(one.fingerprint.files.map(({ relativePath, kind }) => [relativePath, kind])).toEqual([
    ['link', 'symlink'],
    ['run.sh', 'executable'],
    ['src/a.ts', 'file'],
    ['src/b.ts', 'file'],
  ])
})

test('a process with another locale, time zone, umask and directory computes the same key', () => {
  // Names whose order differs between languages, and from that of their bytes.
  const project = inProject({
    Zz: '1',
    a: '2',
    ä: '3',
    z: '4',
    'I/ı': '5',
    '\u{1F600}': '6',
    '\uFFEE': '7',
  })
  const script = `
    import { fingerprintTask } from ${moduleAt('fingerprint-task.ts')}
    import { createMemoryStatCache } from ${moduleAt('../../files/scanning/stat-cache.ts')}
    import { openHashAlgorithm } from ${moduleAt('../../hashing/open-hash-algorithm.ts')}
    const context = { algorithm: await openHashAlgorithm('blake3'), statCache: createMemoryStatCache(), now: Date.now }
    const definition = { inputs: ['**'], outputs: [], env: [], tools: [] }
    const request = { task: 't', definition, projectRoot: process.env.ROOT, env: process.env, source: { kind: 'work-tree' } }
    process.stdout.write((await fingerprintTask(request, context)).key)`
  const run = (settings: string, cwd: string): string =>
    execFileSync('sh', ['-c', `${settings}; exec "$NODE" --input-type=module -e "$SCRIPT"`], {
      cwd,
      encoding: 'utf8',
      env: { ...process.env, NODE: process.execPath, SCRIPT: script, ROOT: project.root },
    })

  const key = run('export LC_ALL=C TZ=UTC; umask 022', '/')
  const other = run(
    'export LC_ALL=tr_TR.UTF-8 LANG=sv_SE.UTF-8 TZ=Asia/Tokyo; umask 077',
    project.root,
  )

  expect(key).toMatch(/^[0-9a-f]{64}$/)
  expect(other).toBe(key)
})

const changes: readonly (readonly [string, (project: TemporaryProject) => void, unknown])[] = [
  [
    'content',
    ({ write }) => write({ 'src/a.ts': 'A' }),
    { kind: 'file-changed', relativePath: 'src/a.ts' },
  ],
  [
    'a rename',
    ({ root }) => renameSync(join(root, 'src/a.ts'), join(root, 'src/c.ts')),
    { kind: 'file-renamed', relativePath: 'src/c.ts', formerPath: 'src/a.ts' },
  ],
  [
    'chmod +x',
    ({ root }) => chmodSync(join(root, 'src/a.ts'), 0o755),
    { kind: 'mode-changed', relativePath: 'src/a.ts', isExecutable: true },
  ],
  [
    'a new file',
    ({ write }) => write({ 'src/z': '' }),
    { kind: 'file-added', relativePath: 'src/z' },
  ],
  [
    'a file less',
    ({ remove }) => remove('src/b.ts'),
    { kind: 'file-removed', relativePath: 'src/b.ts' },
  ],
  [
    'a link that points elsewhere',
    (project) => {
      project.remove('link')
      project.write({ link: { target: 'lib' } })
    },
    { kind: 'file-changed', relativePath: 'link' },
  ],
  [
    'a file that is a link now',
    (project) => {
      project.remove('run.sh')
      project.write({ 'run.sh': { target: 'src' } })
    },
    { kind: 'kind-changed', relativePath: 'run.sh' },
  ],
]

test.each(changes)('%s changes the key, and is named as the reason', async (_, change, reason) => {
  const project = inProject(FILES)
  const before = await fingerprint(project)

  change(project)
  const after = await fingerprint(project)

  expect(after.key).not.toBe(before.key)
  expect(compareFingerprints(before.fingerprint, after.fingerprint)).toEqual([reason])
})

const variations: readonly (readonly [
  string,
  Partial<TaskFingerprintRequest>,
  Partial<WorkDefinition>,
  unknown,
])[] = [
  ['another command', { command: ['npm', 'run test'] }, {}, { kind: 'command-changed' }],
  ['another salt', {}, { salt: 'x' }, { kind: 'salt-changed' }],
  [
    'another value of a variable',
    { env: { MODE: 'b' } },
    {},
    { kind: 'env-changed', name: 'MODE', now: 'other' },
  ],
  [
    'an empty value of a variable',
    { env: { MODE: '' } },
    {},
    { kind: 'env-changed', name: 'MODE', now: 'other' },
  ],
  [
    'a variable that is not set',
    { env: {} },
    {},
    { kind: 'env-changed', name: 'MODE', now: 'unset' },
  ],
  [
    'another pattern among the outputs',
    {},
    { outputPatterns: ['packages/*/dist'] },
    { kind: 'outputs-changed' },
  ],
  [
    'a tool more',
    {},
    { tools: ['node --version'] },
    { kind: 'tool-changed', command: 'node --version', now: 'declared' },
  ],
]

test.each(variations)(
  '%s changes the key, and is named as the reason',
  async (_, request, definition, reason) => {
    const project = inProject(FILES)
    const base = { env: { MODE: 'a' }, command: ['npm', 'run', 'test'] }
    const path = { PATH: process.env['PATH'] }

    const before = await fingerprint(
      project,
      { ...base, env: { ...path, ...base.env } },
      { env: ['MODE'] },
    )
    const after = await fingerprint(
      project,
      { ...base, ...request, env: { ...path, ...(request.env ?? base.env) } },
      { env: ['MODE'], ...definition },
    )

    expect(after.key).not.toBe(before.key)
    expect(compareFingerprints(before.fingerprint, after.fingerprint)).toEqual([reason])
  },
)

test('another task and another algorithm have another key', async () => {
  const project = inProject(FILES)

  const keys = [
    await fingerprint(project),
    await fingerprint(project, { task: parseTaskName('other') }),
    await fingerprint(project, {}, {}, 'sha256'),
  ].map(({ key }) => key)

  expect(new Set(keys).size).toBe(3)
})

test('nothing but a digest of a variable is kept, and equal values of two do not show', async () => {
  const project = inProject(FILES)
  const env = { TOKEN: 'hunter2', COPY: 'hunter2' }

  const { fingerprint: found } = await fingerprint(
    project,
    { env },
    { env: ['TOKEN', 'COPY', 'TOKEN'] },
  )

  expect(found.env.map(({ name }) => name)).toEqual(['COPY', 'TOKEN'])
  expect(found.env[0]?.digest).not.toBe(found.env[1]?.digest)
  expect(JSON.stringify(found)).not.toContain('hunter2')
})

test('the order of what is declared does not matter', async () => {
  const project = inProject(FILES)
  const base = await fingerprint(project, {}, { inputs: ['src', 'run.sh'], env: ['A', 'B'] })

  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray(['src', 'run.sh', 'src/*.ts'], { minLength: 3 }),
      fc.boolean(),
      async (inputs, isTurned) => {
        const env = isTurned ? ['B', 'A'] : ['A', 'B']
        expect((await fingerprint(project, {}, { inputs, env })).key).toBe(base.key)
      },
    ),
    { numRuns: 10 },
  )
})

test('any two trees have the same key exactly when they have the same files', async () => {
  const paths = fc.constantFrom('a', 'b', 'd/a', 'd/e/f', 'ä', 'x\ny')
  const content: fc.Arbitrary<PathContent> = fc.oneof(
    fc.constantFrom('', 'one', 'two'),
    fc.constantFrom('one', 'two').map((text) => ({ executable: text })),
    fc.constantFrom('one', 'two').map((target) => ({ target })),
  )
  const tree = fc.dictionary(paths, content, { maxKeys: 4, noNullPrototype: true })
  await fc.assert(
    fc.asyncProperty(tree, tree, async (one, other) => {
      using first = openProject(one)
      using second = openProject(other)
      const keys = [
        await fingerprint(first, {}, { inputs: ['?**'] }),
        await fingerprint(second, {}, { inputs: ['?**'] }),
      ]
      expect(keys[0]?.key === keys[1]?.key).toBe(listOf(one) === listOf(other))
    }),
    { numRuns: 60 },
  )
}, 60_000)

test('a warm stat cache gives the key of a cold one', async () => {
  const project = inProject(FILES)
  const statCache = createMemoryStatCache()
  const algorithm = await openHashAlgorithm('blake3')
  const contents = createMemoryGitContents()
  const context = { algorithm, contents, statCache, now: () => Date.now() + 60_000 }
  const request = requestFor(project)

  const cold = await fingerprintTask(request, context)
  const warm = await fingerprintTask(request, context)
  writeFileSync(join(project.root, 'src/a.ts'), 'Z')
  const changed = await fingerprintTask(request, context)

  expect(warm).toEqual(cold)
  expect(changed.key).not.toBe(cold.key)
})

test.each([['A=1'], [''], ['A\0'], ['A, B'], ['A,B'], ['A B']])(
  '%j is no name of a variable',
  async (name) => {
    const project = inProject(FILES)

    await expect(fingerprint(project, {}, { env: [name] })).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
    })
  },
)

test('a task without inputs has a key', async () => {
  const project = inProject({})

  expect((await fingerprint(project, {}, { inputs: [] })).fingerprint.files).toEqual([])
})

/** The paths of a tree in order, each with its content. */
function listOf(files: Readonly<Record<string, PathContent>>): string {
  return JSON.stringify(
    Object.keys(files)
      .toSorted()
      .map((path) => [path, files[path]]),
  )
}

async function fingerprint(
  project: TemporaryProject,
  request: Partial<TaskFingerprintRequest> = {},
  ...[definition = {}, algorithmName = 'blake3']: [Partial<WorkDefinition>?, string?]
): Promise<KeyedFingerprint> {
  const algorithm = await openHashAlgorithm(algorithmName)
  const statCache = createMemoryStatCache()
  const context = { algorithm, contents: createMemoryGitContents(), statCache, now: Date.now }
  const base = requestFor(project)
  return await fingerprintTask(
    { ...base, ...request, definition: { ...base.definition, ...definition } },
    context,
  )
}

function requestFor(project: TemporaryProject): TaskFingerprintRequest {
  return {
    task: parseTaskName('unit_tests'),
    definition: { inputs: ['**'], outputs: [], env: [], tools: [] },
    command: undefined,
    projectRoot: project.root,
    env: process.env,
    source: { kind: 'work-tree' },
  }
}

function moduleAt(file: string): string {
  return JSON.stringify(new URL(file, import.meta.url).href)
}

function inProject(paths: Readonly<Record<string, PathContent>>): TemporaryProject {
  const project = openProject(paths)
  onTestFinished(() => project[Symbol.dispose]())
  return project
}
