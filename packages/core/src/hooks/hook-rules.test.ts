import { describe, expect, test } from 'vitest'
import { parseTaskName } from '../model/task.ts'
import { countsAsPass, whyNoPass } from './counts-as-pass.ts'
import { isDependencyFolder } from './dependency-folders.ts'
import { withoutHookVariables } from './hook-environment.ts'
import { isForced } from './is-forced.ts'
import { planTasks } from './plan-tasks.ts'
import { branchOfRef, parsePushedRefs, readFrameworkRef } from './pushed-refs.ts'

const ID = '1'.repeat(40)
const OTHER = '2'.repeat(40)
const NONE = '0'.repeat(40)

describe('the refs that a push tells of', () => {
  test('are read line by line, without those that are deleted', () => {
    const lines = [
      `refs/heads/a ${ID} refs/heads/b ${NONE}`,
      `(delete) ${NONE} refs/heads/c ${OTHER}`,
      `HEAD@{2 days ago} ${OTHER} refs/heads/d ${ID}`,
    ]

    expect(parsePushedRefs(`${lines.join('\n')}\n`)).toEqual([
      { localRef: 'refs/heads/a', objectId: ID, remoteRef: 'refs/heads/b' },
      { localRef: 'HEAD@{2 days ago}', objectId: OTHER, remoteRef: 'refs/heads/d' },
    ])
    expect(parsePushedRefs('')).toEqual([])
  })

  test('have ids of SHA-256 as well', () => {
    const id = 'a'.repeat(64)

    expect(parsePushedRefs(`r ${id} refs/heads/r ${'0'.repeat(64)}\n`)).toHaveLength(1)
  })

  test.each(['main', `a ${ID} b`, `a ${ID}x refs/heads/b ${ID}`, `${ID} ${ID} ${ID}`])(
    'are refused as %j',
    (line) => {
      expect(() => parsePushedRefs(line)).toThrow(
        expect.objectContaining({ code: 'ARGUMENT_INVALID' }),
      )
    },
  )

  test('come from variables where the pre-commit framework has read them', () => {
    const env = { PRE_COMMIT_TO_REF: ID, PRE_COMMIT_REMOTE_BRANCH: 'refs/heads/main' }

    expect(readFrameworkRef(env)).toMatchObject({ objectId: ID, remoteRef: 'refs/heads/main' })
    expect(readFrameworkRef({ PRE_COMMIT_TO_REF: NONE })).toBeUndefined()
    expect(readFrameworkRef({ PRE_COMMIT_TO_REF: 'main' })).toBeUndefined()
    expect(readFrameworkRef({})).toBeUndefined()
  })

  test('are branches, or are not', () => {
    expect(branchOfRef('refs/heads/feature/x')).toBe('feature/x')
    expect(branchOfRef('refs/tags/v1')).toBeUndefined()
  })
})

describe('the environment of a task', () => {
  test('is that of the terminal: what git adds for its hooks is gone, settings stay', () => {
    const own = {
      PATH: '/bin',
      GIT_SSH_COMMAND: 'ssh -v',
      GIT_CONFIG_COUNT: '0',
      GIT_COMMITTER_NAME: 'a',
      GIT_EDITOR: 'vim',
    }
    const added = {
      GIT_DIR: '.git',
      GIT_INDEX_FILE: '.git/index',
      GIT_PREFIX: '',
      GIT_AUTHOR_DATE: '@0',
      GIT_EXEC_PATH: '/git-core',
    }

    expect(withoutHookVariables({ ...own, ...added, PATH: '/git-core:/bin' })).toEqual(own)
    expect(withoutHookVariables({ GIT_EDITOR: ':' })).toEqual({})
    // Nobody has put it there but the user.
    expect(withoutHookVariables({ PATH: '/git-core:/bin' })).toEqual({ PATH: '/git-core:/bin' })
  })
})

describe('the tasks of a hook', () => {
  const task = { inputs: [], outputs: [], env: [], tools: [] }
  const settings = {
    policies: { lint: { preCommit: 'off' as const } },
    branches: {},
    tasks: {
      lint: { ...task, hooks: ['pre-commit' as const] },
      unit: { ...task, hooks: ['pre-commit' as const, 'pre-push' as const] },
      merge: { ...task, hooks: ['pre-merge-commit' as const] },
      free: task,
    },
  }

  test.each([
    ['pre-commit', ['lint off', 'unit require']],
    ['pre-merge-commit', ['lint off', 'unit require', 'merge require']],
    ['pre-push', ['unit require']],
  ] as const)('%s has %j', (hook, expected) => {
    const planned = planTasks(settings, { hook, branch: 'main', platform: 'local' })

    expect(planned.map((each) => `${each.task} ${each.mode}`)).toEqual(expected)
  })

  test('write nothing where only CI may', () => {
    const strict = { ...settings, policies: { unit: { write: 'ci' as const } } }
    const plan = (platform: string) =>
      planTasks(strict, { hook: 'pre-push', branch: 'x', platform })

    expect(plan('local')[0]).toMatchObject({
      task: parseTaskName('unit'),
      policy: { write: false },
    })
    expect(plan('github')[0]).toMatchObject({ policy: { write: true } })
  })
})

test.each([
  ['anyone', {}, true],
  ['me', { platform: 'local', user: 'ada' }, true],
  ['me', { user: 'ada' }, true],
  ['me', { platform: 'github', user: 'ada' }, false],
  ['me', { platform: 'local', user: 'grace' }, false],
  ['me', { platform: 'local' }, false],
  ['ci', { platform: 'local', user: 'ada' }, false],
  ['ci', { platform: 'gitlab' }, true],
  ['ci', {}, false],
] as const)('of passes of %s, one from %j counts: %s', (passesOf, recorded, expected) => {
  expect(countsAsPass(passesOf, recorded, { platform: 'local', user: 'ada' })).toBe(expected)
})

test.each([
  ['a failure', { exitCode: 2 }, {}, { kind: 'failed-before', exitCode: 2 }],
  ['a pass in CI', { origin: { platform: 'github' } }, { passesOf: 'ci' }, undefined],
  ['another pass', {}, { passesOf: 'ci' }, { kind: 'pass-of-others', passesOf: 'ci' }],
  ['an old pass', {}, { ttlSeconds: 1 }, { kind: 'expired' }],
  ['one that is old enough', {}, { ttlSeconds: 2 }, undefined],
] as const)('of %s it is known why it is no pass', (_, record, rules, expected) => {
  const manifest = { exitCode: 0, origin: {}, createdAtMs: 1_000, ...record }
  const asked = { passesOf: 'anyone', ttlSeconds: undefined, here: {}, nowMs: 2_500 } as const

  expect(whyNoPass(manifest, { ...asked, ...rules })).toEqual(expected)
})

test('somebody without a name is nobody in particular', () => {
  expect(countsAsPass('me', { platform: 'local' }, { platform: 'local' })).toBe(false)
})

test.each([
  [{ TASKVAULT_SKIP: '0' }, true],
  [{ TASKVAULT_SKIP: 'off' }, true],
  [{ TASKVAULT_FORCE: '1' }, true],
  [{ TASKVAULT_FORCE: 'true' }, true],
  [{ TASKVAULT_SKIP: '1' }, false],
  [{ TASKVAULT_FORCE: '0' }, false],
  [{ TASKVAULT_FORCE: '', TASKVAULT_SKIP: '' }, false],
  [{}, false],
])('with %j every task runs: %s', (env, expected) => {
  expect(isForced(env)).toBe(expected)
})

test('folders of dependencies are told by their names, at any depth', () => {
  expect(isDependencyFolder('node_modules')).toBe(true)
  expect(isDependencyFolder('packages/a/.venv')).toBe(true)
  expect(isDependencyFolder('dist')).toBe(false)
  expect(isDependencyFolder('node_modules.old')).toBe(false)
})
