import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isTaskVaultError } from '../errors.ts'
import { GIT_HOOKS } from '../model/task.ts'
import { openHookRepository } from '../testing/hook-repository.ts'
import type { HookRepository } from '../testing/hook-repository.ts'
import type { InstallOptions } from './install-hooks.ts'

const OWN_HOOK = '#!/bin/sh\nexit 0\n'

test.each(['files', 'config'] as const)(
  'installing as %s and uninstalling leaves no trace',
  async (method) => {
    using repository = openHookRepository()
    const before = describe(repository)

    const { plan, isChanged } = await repository.install({ method })
    const during = describe(repository)
    const { removed, restored } = await repository.uninstall()

    expect({ isChanged, method: plan.method, removed, restored }).toEqual({
      isChanged: true,
      method,
      removed: GIT_HOOKS,
      restored: [],
    })
    expect(during).not.toEqual(before)
    expect(describe(repository)).toEqual(before)
  },
)

test('installing twice is installing once', async () => {
  using repository = openHookRepository({ '.git/hooks/pre-commit': { executable: OWN_HOOK } })
  await repository.install({ method: 'files' })
  const once = describe(repository)

  const second = await repository.install({ method: 'files' })

  expect(second).toMatchObject({ isChanged: false, plan: { chained: ['pre-commit'] } })
  expect(describe(repository)).toEqual(once)
})

test('a later version, another choice of hooks or another way replaces what was installed', async () => {
  using repository = openHookRepository({ '.git/hooks/pre-push': { executable: OWN_HOOK } })
  const before = describe(repository)

  await repository.install({ method: 'files' })
  await repository.install({ method: 'files', version: '9.9.9' })
  expect(repository.read('.git/hooks/pre-commit')).toContain('9.9.9')
  await repository.install({ method: 'files', hooks: ['pre-commit'] })
  expect(repository.read('.git/hooks/pre-push')).toBe(OWN_HOOK)
  await repository.install({ method: 'config' })
  expect(repository.has('.git/hooks/pre-commit')).toBe(false)
  await repository.install({ method: 'files' })
  expect(repository.git('config', '--list', '--local')).not.toContain('taskvault')
  await repository.uninstall()

  expect(describe(repository)).toEqual(before)
})

test('a git that runs configured hooks is given those, an older one files', async () => {
  using older = openHookRepository({}, { gitVersion: '2.53.1' })
  using later = openHookRepository({}, { gitVersion: '2.54.0.windows.1' })

  expect((await older.install()).plan.method).toBe('files')
  expect((await later.install()).plan.method).toBe('config')
  await expect(older.install({ method: 'config' })).rejects.toMatchObject({ code: 'HOOKS_REFUSED' })
})

test('a hook of our name in the configuration of the user is left to the user', async () => {
  using repository = openHookRepository()
  repository.configureGlobally('hook.taskvault-pre-commit.command', 'true')
  const before = describe(repository)

  await repository.install({ method: 'files' })
  await repository.uninstall()

  expect(describe(repository)).toEqual(before)
})

test('what others write to the configuration meanwhile stays', async () => {
  using repository = openHookRepository()
  await repository.install({ method: 'config' })

  repository.git('config', 'user.name', 'somebody')
  await repository.uninstall()

  expect(repository.read('.git/config')).toContain('somebody')
  expect(repository.read('.git/config')).not.toContain('taskvault')
})

test('the hooks can be removed when the record of their installation is lost', async () => {
  using repository = openHookRepository({ '.git/hooks/pre-commit': { executable: OWN_HOOK } })
  const before = describe(repository, { times: false })
  for (const method of ['files', 'config'] as const) {
    await repository.install({ method })

    repository.remove('.git/taskvault/hooks.json')
    await repository.uninstall()

    expect(describe(repository, { times: false })).toEqual(before)
  }
})

test('a hook that was edited is neither replaced nor removed, unless that is wanted', async () => {
  using repository = openHookRepository()
  await repository.install({ method: 'files' })
  repository.append('.git/hooks/pre-push', 'echo mine\n')
  const edited = describe(repository)

  await expect(repository.uninstall()).rejects.toMatchObject({ code: 'HOOKS_REFUSED' })
  await expect(repository.install({ method: 'files', version: '2' })).rejects.toMatchObject({
    code: 'HOOKS_REFUSED',
  })
  expect(describe(repository)).toEqual(edited)
  await repository.uninstall({ discardEdits: true })
  expect(repository.has('.git/hooks/pre-push')).toBe(false)
})

test('a hook that looks at its own name is not renamed', async () => {
  using repository = openHookRepository({
    '.git/hooks/pre-push': { executable: '#!/bin/sh\nexec run-hook "$(basename "$0")" "$@"\n' },
  })
  const before = describe(repository)

  await expect(repository.install({ method: 'files' })).rejects.toMatchObject({
    code: 'HOOKS_REFUSED',
    hint: expect.stringContaining('--hook'),
  })
  expect(describe(repository)).toEqual(before)
  await repository.install({ method: 'files', hooks: ['pre-commit', 'pre-merge-commit'] })
  await repository.uninstall()
  expect(describe(repository)).toEqual(before)
})

test.each([
  ['husky', '.husky/_', 'hooksPath'],
  ['husky', '.husky', 'hooksPath'],
  ['lefthook', '#!/bin/sh\ncall_lefthook run "pre-commit" "$@"\n', 'file'],
  [
    'pre-commit',
    '#!/usr/bin/env bash\n# File generated by pre-commit: https://pre-commit.com\n',
    'file',
  ],
  ['pre-commit', '#!/bin/sh\n# File generated by prek: https://github.com/j178/prek\n', 'file'],
  ['overcommit', '#!/usr/bin/env ruby\n# Entrypoint for Overcommit hook integration.\n', 'file'],
] as const)('where %s writes the hooks, it is to run ours (%#)', async (name, mark, kind) => {
  using repository = openHookRepository()
  if (kind === 'hooksPath') repository.git('config', 'core.hooksPath', mark)
  else repository.write({ '.git/hooks/pre-commit': { executable: mark } })
  const before = describe(repository)

  const failure: unknown = await repository
    .install({ method: 'files' })
    .catch((error: unknown) => error)

  expect(isTaskVaultError(failure, 'HOOKS_REFUSED') && failure.message).toContain(name)
  expect(isTaskVaultError(failure) && failure.hint).toContain(
    name === 'pre-commit' ? '.pre-commit-config.yaml' : 'taskvault hooks run pre-commit',
  )
  expect(describe(repository)).toEqual(before)
})

test('a manager does not keep a git from running configured hooks', async () => {
  using repository = openHookRepository({ '.pre-commit-config.yaml': 'repos: []\n' })
  repository.git('config', 'core.hooksPath', '.husky/_')
  const before = describe(repository)

  const { plan } = await repository.install({ method: 'config' })
  await repository.uninstall()

  expect(plan.remarks.join('\n')).toContain('pre-commit')
  expect(describe(repository)).toEqual(before)
})

test('a directory of hooks in the work tree is written to only when that is wanted', async () => {
  using repository = openHookRepository({ '.githooks/commit-msg': { executable: OWN_HOOK } })
  repository.git('config', 'core.hooksPath', '.githooks')
  const before = describe(repository)

  await expect(repository.install({ method: 'files' })).rejects.toMatchObject({
    code: 'HOOKS_REFUSED',
    message: expect.stringContaining('everybody who clones'),
  })
  expect(describe(repository)).toEqual(before)
  await repository.install({ method: 'files', mayShare: true })
  expect(repository.read('.githooks/pre-commit')).not.toContain(process.execPath)
  await repository.uninstall()
  expect(describe(repository)).toEqual(before)
})

test('a directory in the work tree that git ignores is this repository’s alone', async () => {
  using repository = openHookRepository({ '.gitignore': '/local/\n' })
  repository.git('config', 'core.hooksPath', 'local/hooks')
  const before = describe(repository)

  await repository.install({ method: 'files' })
  expect(repository.read('local/hooks/pre-commit')).toContain(process.execPath)
  await repository.uninstall()

  expect(describe(repository)).toEqual(before)
})

test('the hooks of all repositories are written to only when that is wanted', async () => {
  using repository = openHookRepository()
  const shared = repository.makeDirectory()
  repository.configureGlobally('core.hooksPath', shared)

  await expect(repository.install({ method: 'files' })).rejects.toMatchObject({
    code: 'HOOKS_REFUSED',
    message: expect.stringContaining('all repositories'),
  })
  expect(readdirSync(shared)).toEqual([])
  await repository.install({ method: 'files', mayShare: true })
  expect(readdirSync(shared)).toEqual([...GIT_HOOKS].toSorted())
  await repository.uninstall()
  expect(readdirSync(shared)).toEqual([])
})

test('hooks that another repository put into a shared directory are left to it', async () => {
  using one = openHookRepository()
  using other = openHookRepository()
  const shared = one.makeDirectory()
  for (const repository of [one, other]) repository.configureGlobally('core.hooksPath', shared)
  await one.install({ method: 'files', mayShare: true })

  expect((await other.uninstall()).removed).toEqual([])
  expect(readdirSync(shared)).toHaveLength(3)
  expect((await other.uninstall({ mayShare: true })).removed).toEqual(GIT_HOOKS)
  expect(readdirSync(shared)).toEqual([])
})

test('where hooks are turned off, that is said', async () => {
  using repository = openHookRepository()
  repository.git('config', 'core.hooksPath', '/dev/null')

  await expect(repository.install({ method: 'files', mayShare: true })).rejects.toMatchObject({
    code: 'HOOKS_REFUSED',
    hint: 'Remove that setting: git config --local --unset core.hooksPath',
  })
})

test('outside of a repository there is nothing to install', async () => {
  using repository = openHookRepository()

  await expect(
    repository.install({ method: 'files' }, repository.makeDirectory()),
  ).rejects.toMatchObject({ code: 'GIT_FAILED', hint: expect.stringContaining('git init') })
})

test('an installation that fails half-way is taken back', async () => {
  using repository = openHookRepository({ '.git/hooks/pre-commit': { executable: OWN_HOOK } })
  const before = describe(repository, { times: false })
  // Git cannot write while somebody else does.
  repository.write({ '.git/config.lock': '' })

  await expect(repository.install({ method: 'config' })).rejects.toMatchObject({
    code: 'GIT_FAILED',
  })
  repository.remove('.git/config.lock')

  expect(describe(repository, { times: false })).toEqual(before)
})

test('hooks are found again after core.hooksPath was changed', async () => {
  using repository = openHookRepository()
  const elsewhere = repository.makeDirectory()
  const before = describe(repository, { times: false })
  const configuration = repository.read('.git/config')
  repository.git('config', 'core.hooksPath', elsewhere)
  await repository.install({ method: 'files' })
  expect(readdirSync(elsewhere)).toHaveLength(3)

  repository.write({ '.git/config': configuration })
  await repository.uninstall()

  expect(readdirSync(elsewhere)).toEqual([])
  expect(describe(repository, { times: false })).toEqual(before)
})

test('a hook whose installation was cut short is put back', async () => {
  using repository = openHookRepository({ '.git/hooks/pre-commit': { executable: OWN_HOOK } })
  const before = describe(repository, { times: false })
  // What is there after the hook was moved, and before ours is written.
  const hooks = join(repository.root, '.git/hooks')
  renameSync(join(hooks, 'pre-commit'), join(hooks, 'pre-commit.before-taskvault'))

  const { restored } = await repository.uninstall()

  expect(restored).toEqual(['pre-commit'])
  expect(describe(repository, { times: false })).toEqual(before)
})

test('the hooks of a linked work tree are those of the repository', async () => {
  using repository = openHookRepository({ 'a.txt': '1' })
  repository.commitAll()
  const linked = repository.addWorkTree()
  const before = describe(repository)

  const { view } = await repository.install({ method: 'files' }, linked)
  await repository.uninstall({}, repository.root)

  expect(view.directory.absolutePath).toBe(join(repository.root, '.git/hooks'))
  expect(describe(repository)).toEqual(before)
})

/** Random repositories: what is there before, and what is done to it. */
const content = fc.oneof(
  fc.record({
    kind: fc.constant('file' as const),
    bytes: fc.uint8Array({ maxLength: 40 }),
    mode: fc.constantFrom(0o755, 0o644, 0o700, 0o600, 0o555),
  }),
  fc.record({
    kind: fc.constant('link' as const),
    target: fc.constantFrom('../../scripts/hook.sh', '/nonexistent/hook', 'pre-commit.sample'),
  }),
  fc.constant({ kind: 'directory' as const }),
)
const hooksPath = fc.constantFrom(undefined, undefined, '.git/other', 'own hooks', 'absent/deep')
const configuration = fc.constantFrom(
  '',
  '# the end, without a line feed',
  '[hook "mine"]\n\tcommand = true\n\tevent = pre-commit\n',
  '; comment\n\n[alias]\n  x = !echo "[hook]"   # odd\n\n',
)
const action = fc.record({
  method: fc.constantFrom('files' as const, 'config' as const),
  mayShare: fc.boolean(),
  hooks: fc.subarray([...GIT_HOOKS], { minLength: 1 }),
  version: fc.constantFrom('1', '2'),
})

test('whatever was there before, it is there again, byte by byte, with modes and times', async () => {
  const states = fc.record({
    files: fc.dictionary(
      fc.constantFrom(...GIT_HOOKS, 'commit-msg', 'pre-commit.sample', 'x.before-taskvault'),
      content,
      { maxKeys: 4 },
    ),
    hasHooks: fc.boolean(),
    hooksPath,
    configuration,
    actions: fc.array(action, { minLength: 1, maxLength: 3 }),
  })
  await fc.assert(
    fc.asyncProperty(states, async (state) => {
      using repository = openHookRepository({ 'scripts/hook.sh': { executable: OWN_HOOK } })
      prepare(repository, state)
      const before = describe(repository)
      for (const wishes of state.actions) await installOrRefuse(repository, wishes)

      await repository.uninstall()

      expect(describe(repository)).toEqual(before)
    }),
    { numRuns: 12 },
  )
})

type Content =
  | { readonly kind: 'file'; readonly bytes: Uint8Array; readonly mode: number }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'directory' }

function prepare(
  repository: HookRepository,
  state: {
    readonly files: Readonly<Record<string, Content>>
    readonly hasHooks: boolean
    readonly hooksPath: string | undefined
    readonly configuration: string
  },
): void {
  if (state.hooksPath !== undefined) repository.git('config', 'core.hooksPath', state.hooksPath)
  repository.append('.git/config', state.configuration)
  const hooks = join(repository.root, state.hooksPath ?? '.git/hooks')
  if (!state.hasHooks) return rmSync(hooks, { recursive: true, force: true })
  mkdirSync(hooks, { recursive: true })
  for (const [name, file] of Object.entries(state.files)) writeContent(join(hooks, name), file)
  utimesSync(hooks, 1_000_000_000, 1_234_567_890.5)
  utimesSync(join(repository.root, '.git/config'), 1_000_000_000, 1_111_111_111.25)
}

function writeContent(path: string, file: Content): unknown {
  rmSync(path, { force: true })
  if (file.kind === 'link') return symlinkSync(file.target, path)
  if (file.kind === 'directory') return mkdirSync(path)
  writeFileSync(path, file.bytes)
  chmodSync(path, file.mode)
  return utimesSync(path, 1_000_000_000, 1_222_222_222.75)
}

async function installOrRefuse(
  repository: HookRepository,
  wishes: Partial<InstallOptions>,
): Promise<void> {
  const before = describe(repository, { times: false })
  try {
    await repository.install(wishes)
  } catch (error) {
    if (!isTaskVaultError(error, 'HOOKS_REFUSED')) throw error
    expect(describe(repository, { times: false })).toEqual(before)
  }
}

/** Every path of the repository but git's objects: kind, mode, bytes, and time of the last change. */
function describe(
  { root }: HookRepository,
  { times = true }: { readonly times?: boolean } = {},
): Readonly<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const relativePath of readdirSync(root, { recursive: true, encoding: 'utf8' }).toSorted()) {
    if (/^\.git\/(objects|worktrees)/.test(relativePath)) continue
    const path = join(root, relativePath)
    const stats = lstatSync(path)
    const time =
      times && !/^(\.git|\.git\/taskvault|absent)$/.test(relativePath)
        ? Math.round(stats.mtimeMs)
        : ''
    const bytes = stats.isSymbolicLink()
      ? readlinkSync(path)
      : stats.isDirectory()
        ? 'directory'
        : readFileSync(path, 'latin1')
    found[relativePath] = `${stats.mode.toString(8)} ${time} ${bytes}`
  }
  return found
}
