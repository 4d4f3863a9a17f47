import { chmodSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { GitHook } from '../model/task.ts'
import { openHookRepository } from '../testing/hook-repository.ts'
import type { HookRepository } from '../testing/hook-repository.ts'
import type { ExamineOptions } from './examine-hook-script.ts'
import { examineHooks } from './examine-hooks.ts'
import type { HookFinding } from './hook-findings.ts'
import type { InstallMethod } from './plan-install.ts'

const OPTIONS: ExamineOptions = {
  version: '1.0.0',
  exists: existsSync,
  searchPath: [],
  hasTasks: true,
}
const HERE = { node: process.execPath, script: import.meta.filename }

test.each(['files', 'config'] as const)(
  'hooks as %s that will run are left in peace',
  async (method) => {
    using repository = openHookRepository()

    await repository.install({ method, command: HERE })

    expect(examine(repository)).toEqual([])
  },
)

interface Case {
  readonly kind: HookFinding['kind']
  readonly isSerious: boolean
  readonly method?: InstallMethod
  readonly hooks?: readonly GitHook[]
  /** What happens after installation. */
  readonly change?: (repository: HookRepository) => void
  readonly hint: RegExp
}

const CASES: readonly Case[] = [
  {
    kind: 'partly-installed',
    isSerious: false,
    hooks: ['pre-commit'],
    hint: /hooks install/,
  },
  {
    kind: 'shadowed',
    isSerious: true,
    change: ({ git }) => void git('config', 'core.hooksPath', 'elsewhere'),
    hint: /Unset core\.hooksPath/,
  },
  {
    kind: 'shadowed',
    isSerious: true,
    change: ({ git }) => void git('config', 'core.hooksPath', '.husky/_'),
    hint: /\.husky\/pre-commit: taskvault hooks run/,
  },
  {
    kind: 'turned-off',
    isSerious: true,
    change: ({ git }) => void git('config', 'core.hooksPath', '/dev/null'),
    hint: /--unset core\.hooksPath/,
  },
  {
    kind: 'turned-off',
    isSerious: true,
    change: ({ git }) => void git('config', 'core.hooksPath', ''),
    hint: /--unset core\.hooksPath/,
  },
  {
    kind: 'not-executable',
    isSerious: true,
    change: ({ root }) => chmodSync(join(root, '.git/hooks/pre-push'), 0o644),
    hint: /chmod \+x .*pre-push/,
  },
  {
    kind: 'edited',
    isSerious: false,
    change: ({ append }) => append('.git/hooks/pre-push', 'echo mine\n'),
    hint: /--force/,
  },
  {
    kind: 'replaced',
    isSerious: true,
    change: ({ write }) =>
      write({
        '.git/hooks/pre-commit.before-taskvault': { executable: '#!/bin/sh\n' },
        '.git/hooks/pre-commit': { executable: '#!/bin/sh\n' },
      }),
    hint: /Keep the one that you want/,
  },
  {
    kind: 'kept-alone',
    isSerious: true,
    change: ({ write, remove }) => {
      write({ '.git/hooks/pre-commit.before-taskvault': { executable: '#!/bin/sh\n' } })
      remove('.git/hooks/pre-commit')
    },
    hint: /hooks uninstall/,
  },
  {
    kind: 'installed-twice',
    isSerious: false,
    change: ({ git }) => void git('config', 'hook.taskvault-pre-commit.command', 'true'),
    hint: /hooks install/,
  },
  {
    kind: 'disabled',
    isSerious: true,
    method: 'config',
    change: ({ git }) => void git('config', 'hook.taskvault-pre-push.enabled', 'off'),
    hint: /hook\.taskvault-pre-push\.enabled/,
  },
  {
    kind: 'disabled',
    isSerious: true,
    method: 'config',
    change: ({ git }) => void git('config', 'hook.pre-push.enabled', 'false'),
    hint: /hook\.pre-push\.enabled/,
  },
  {
    kind: 'edited',
    isSerious: false,
    method: 'config',
    change: ({ git }) =>
      void git('config', '--add', 'hook.taskvault-pre-push.event', 'post-commit'),
    hint: /hooks install/,
  },
  {
    kind: 'script-missing',
    isSerious: true,
    method: 'config',
    change: ({ remove }) => remove('.git/taskvault/hooks/pre-push'),
    hint: /hooks install/,
  },
]

test.each(CASES)('$kind is found, with what to do ($hint)', async (given) => {
  using repository = openHookRepository()
  const { method = 'files', hooks = ['pre-commit', 'pre-merge-commit', 'pre-push'] } = given
  await repository.install({ method, hooks, command: HERE })

  given.change?.(repository)

  const { kind, isSerious } = given
  expect(examine(repository)).toContainEqual(expect.objectContaining({ kind, isSerious }))
  const found = examine(repository).find((finding) => finding.kind === kind)
  expect(found?.hint).toMatch(given.hint)
})

test('a repository without hooks of ours is told how to get them', () => {
  using repository = openHookRepository()

  expect(examine(repository)).toMatchObject([{ kind: 'not-installed', isSerious: true }])
})

test.each(['/dev/null', ''])('hooks that %j turns off are told of once', async (hooksPath) => {
  using repository = openHookRepository()
  await repository.install({ method: 'files', command: HERE })

  repository.git('config', 'core.hooksPath', hooksPath)

  expect(examine(repository).map(({ kind }) => kind)).toEqual(['turned-off'])
})

test('a command that is gone, and a hook of another version, are found', async () => {
  using repository = openHookRepository()
  await repository.install({ method: 'files', hooks: ['pre-commit'], version: '0.1.0' })

  expect(examine(repository).map(({ kind }) => kind)).toEqual([
    'partly-installed',
    'command-gone',
    'other-version',
  ])
})

test.each([
  ['is nowhere else', [], true, /there is no taskvault/],
  ['is on PATH', ['/bin/taskvault'], false, /uses the taskvault in node_modules/],
  ['is in the project', ['<root>/node_modules/.bin/taskvault'], false, /uses the taskvault/],
  ['has lost its Node only', ['/opt/taskvault.js', '/bin/node'], false, /with the Node on PATH/],
] as const)('a recorded command that %s is found', async (_name, paths, isSerious, message) => {
  using repository = openHookRepository()
  const command = { node: '/gone/node', script: '/opt/taskvault.js' }
  await repository.install({ method: 'files', command })
  const there: readonly string[] = paths.map((path) => path.replace('<root>', repository.root))

  const [finding] = examineHooks(repository.observe(), {
    ...OPTIONS,
    exists: (path) => there.includes(path),
    searchPath: ['/usr/bin', '/bin'],
  })

  expect(finding).toMatchObject({ kind: 'command-gone', isSerious })
  expect(finding?.message).toMatch(message)
})

test('a project none of whose tasks runs in a hook is told so', async () => {
  using repository = openHookRepository()
  await repository.install({ method: 'files', command: HERE })

  const findings = examineHooks(repository.observe(), { ...OPTIONS, hasTasks: false })

  expect(findings).toMatchObject([{ kind: 'no-task', isSerious: false }])
})

test('configured hooks are found wanting by a git that does not run them', async () => {
  using repository = openHookRepository()
  await repository.install({ method: 'config', command: HERE })
  const view = repository.observe()

  const findings = examineHooks(
    { ...view, git: { text: '2.39.5', runsConfiguredHooks: false } },
    OPTIONS,
  )

  expect(findings.map(({ kind }) => kind)).toEqual(['git-too-old', 'git-too-old', 'git-too-old'])
})

test('work trees that a relative core.hooksPath leads nowhere in are named', async () => {
  using repository = openHookRepository({ 'a.txt': '1' })
  repository.write({ 'node_modules/.bin/taskvault': '' })
  repository.commitAll()
  repository.git('config', 'core.hooksPath', 'own-hooks')
  await repository.install({ method: 'files', command: HERE, mayShare: true })
  expect(examine(repository)).toEqual([])

  const linked = repository.addWorkTree()

  expect(examine(repository)).toMatchObject([
    { kind: 'not-reached', isSerious: true, message: expect.stringContaining(linked) },
  ])
  // Seen from there, nothing is installed at all.
  expect(examine(repository, linked)).toMatchObject([{ kind: 'not-installed' }])
})

function examine(repository: HookRepository, cwd?: string): readonly HookFinding[] {
  return examineHooks(repository.observe(cwd), OPTIONS)
}
