import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { explainPolicy, findApplyingPolicies, resolveHookPolicy, resolvePolicy } from './policy.ts'
import type { PolicyTable } from './policy.ts'

describe('resolvePolicy', () => {
  test('takes each field from the most specific block that sets it', () => {
    const table = tableOf({
      default: { ttlSeconds: 100, maxSizeBytes: 1000, strategy: 'fifo' },
      'unit_*': { ttlSeconds: 50, strategy: 'lfu' },
      unit_tests: { ttlSeconds: 10 },
    })

    const resolved = resolvePolicy(table, { task: 'unit_tests', branch: undefined })

    expect(resolved).toEqual({
      ttlSeconds: 10,
      maxSizeBytes: 1000,
      strategy: 'lfu',
      cacheFailures: false,
      write: true,
    })
  })

  test('without any policy nothing expires and nothing is limited', () => {
    const resolved = resolvePolicy(tableOf({}), { task: 'lint', branch: 'main' })

    expect(resolved).toEqual({
      ttlSeconds: undefined,
      maxSizeBytes: undefined,
      strategy: 'lru',
      cacheFailures: false,
      write: true,
    })
  })

  test.each([
    ['main', 604_800],
    ['develop', 86_400],
    ['feature/login', 3600],
    ['feature/login/form', 3600],
    ['hotfix', undefined],
    [undefined, undefined],
  ])(
    'the branch policies of the product document give branch %s a ttl of %s',
    (branch, ttlSeconds) => {
      const table = tableOf({
        main: { ttlSeconds: 604_800 },
        develop: { ttlSeconds: 86_400 },
        'feature/*': { ttlSeconds: 3600 },
      })

      expect(resolvePolicy(table, { task: 'unit_tests', branch }).ttlSeconds).toBe(ttlSeconds)
    },
  )

  test('what names the task wins over what names the branch, and both over default', () => {
    const table = tableOf({
      main: { ttlSeconds: 2, maxSizeBytes: 2 },
      lint: { ttlSeconds: 1 },
      default: { ttlSeconds: 3, maxSizeBytes: 3, strategy: 'lfu' },
    })

    expect(resolvePolicy(table, { task: 'lint', branch: 'main' })).toMatchObject({
      ttlSeconds: 1,
      maxSizeBytes: 2,
      strategy: 'lfu',
    })
  })

  test('a plain branch name wins over a glob, and a longer glob over a shorter one', () => {
    const table = tableOf({
      'feature/*': { ttlSeconds: 1, maxSizeBytes: 1, strategy: 'fifo' },
      'feature/login*': { ttlSeconds: 2, maxSizeBytes: 2 },
      'feature/login': { ttlSeconds: 3 },
    })

    expect(resolvePolicy(table, { task: 'lint', branch: 'feature/login' })).toMatchObject({
      ttlSeconds: 3,
      maxSizeBytes: 2,
      strategy: 'fifo',
    })
  })

  test('a name under branches applies by branch, and leaves its namesake under policies to the task', () => {
    const table = tableOf({ release: { ttlSeconds: 1 } }, { release: { ttlSeconds: 2 } })

    const onBranch = resolvePolicy(table, { task: 'lint', branch: 'release' })
    const asTask = resolvePolicy(table, { task: 'release', branch: 'main' })
    const asBoth = resolvePolicy(table, { task: 'release', branch: 'release' })

    expect([onBranch.ttlSeconds, asTask.ttlSeconds, asBoth.ttlSeconds]).toEqual([2, 1, 1])
  })

  test('never and unlimited lift what default sets', () => {
    const table = tableOf({
      default: { ttlSeconds: 60, maxSizeBytes: 10 },
      models: { ttlSeconds: 'never', maxSizeBytes: 'unlimited' },
    })

    expect(resolvePolicy(table, { task: 'models', branch: undefined })).toMatchObject({
      ttlSeconds: undefined,
      maxSizeBytes: undefined,
    })
  })

  test('the order of the blocks in the file does not matter', () => {
    const block = fc.record(
      { ttlSeconds: fc.nat(), maxSizeBytes: fc.nat(), write: fc.boolean() },
      { requiredKeys: [] },
    )
    const names = ['default', 'main', 'lint', 'li*', 'm*n', '*']
    const table = fc.tuple(...names.map((name) => fc.tuple(fc.constant(name), block)))

    fc.assert(
      fc.property(table, fc.integer({ min: 0, max: 5 }), (entries, shift) => {
        const turned = [...entries.slice(shift), ...entries.slice(0, shift)]
        const subject = { task: 'lint', branch: 'main' }

        const before = resolvePolicy(tableOf(Object.fromEntries(entries)), subject)
        const after = resolvePolicy(tableOf(Object.fromEntries(turned)), subject)

        expect(after).toEqual(before)
      }),
    )
  })
})

describe('explainPolicy', () => {
  test('agrees with resolvePolicy, and names the block of every field', () => {
    const table = tableOf({ default: { ttlSeconds: 9 }, main: { write: false } })
    const subject = { task: 'lint', branch: 'main' }

    const explained = explainPolicy(table, subject)

    expect(
      explained.map(({ field, value, from }) => [field, value, from.section, from.name, from.by]),
    ).toEqual([
      ['ttlSeconds', 9, 'policies', 'default', 'default'],
      ['maxSizeBytes', 'unlimited', 'built-in', 'default', 'default'],
      ['strategy', 'lru', 'built-in', 'default', 'default'],
      ['cacheFailures', false, 'built-in', 'default', 'default'],
      ['write', false, 'policies', 'main', 'branch'],
      ['preCommit', 'require', 'built-in', 'default', 'default'],
      ['preMergeCommit', 'require', 'built-in', 'default', 'default'],
      ['prePush', 'require', 'built-in', 'default', 'default'],
      ['unstaged', 'snapshot', 'built-in', 'default', 'default'],
      ['passesOf', 'anyone', 'built-in', 'default', 'default'],
    ])
  })

  test('a merge follows what is said of commits, until something is said of merges', () => {
    const subject = { task: 'lint', branch: 'main' }
    const following = tableOf({ main: { preCommit: 'warn' } })
    const own = tableOf({ default: { preMergeCommit: 'off' }, main: { preCommit: 'warn' } })

    const explained = explainPolicy(following, subject).find(
      ({ field }) => field === 'preMergeCommit',
    )

    expect(explained).toMatchObject({ value: 'warn', from: { name: 'main', by: 'branch' } })
    expect(resolveHookPolicy(following, subject).modes['pre-merge-commit']).toBe('warn')
    expect(resolveHookPolicy(own, subject).modes['pre-merge-commit']).toBe('off')
  })
})

describe('resolveHookPolicy', () => {
  test('requires everything, in snapshots, and takes passes from anywhere, unless told', () => {
    const modes = { 'pre-commit': 'require', 'pre-merge-commit': 'require', 'pre-push': 'require' }

    expect(resolveHookPolicy(tableOf({}), { task: 'lint' })).toEqual({
      modes,
      unstaged: 'snapshot',
      passesOf: 'anyone',
    })
  })

  test('the most specific block decides each field: task, branch, pattern, default', () => {
    const table = tableOf({
      default: { preCommit: 'off', prePush: 'warn', unstaged: 'in-place' },
      'feature/*': { preCommit: 'warn', passesOf: 'ci' },
      'feature/big': { prePush: 'off' },
      lint: { unstaged: 'snapshot' },
    })

    const resolved = resolveHookPolicy(table, { task: 'lint', branch: 'feature/big' })

    expect(resolved).toEqual({
      modes: { 'pre-commit': 'warn', 'pre-merge-commit': 'warn', 'pre-push': 'off' },
      unstaged: 'snapshot',
      passesOf: 'ci',
    })
  })
})

test.each([
  ['local', false],
  [undefined, false],
  ['github', true],
])('where only CI may write, %s may: %s', (platform, write) => {
  const table = tableOf({ main: { write: 'ci' } })

  expect(resolvePolicy(table, { task: 'lint', branch: 'main', platform }).write).toBe(write)
})

describe('findApplyingPolicies', () => {
  test('a task called default gets the default block once, as the base', () => {
    const applying = findApplyingPolicies(tableOf({ default: { ttlSeconds: 1 } }), {
      task: 'default',
      branch: 'default',
    })

    expect(applying.map(({ section, by }) => `${section} ${by}`)).toEqual([
      'policies default',
      'built-in default',
    ])
  })
})

function tableOf(
  policies: PolicyTable['policies'],
  branches: PolicyTable['branches'] = {},
): PolicyTable {
  return { policies, branches }
}

describe('a change from a fork', () => {
  test.each([
    ['reads only', {}, false],
    ['reads only whatever the default is', { default: { write: true } }, false],
    ['reads only whatever its branch is called', { main: { write: true } }, false],
    ['reads only where CI alone may write', { lint: { write: 'ci' } }, false],
    ['writes what the task lets it', { lint: { write: true } }, true],
    ['writes what a glob over tasks lets it', { 'li*': { write: true } }, true],
  ] as const)('%s', (_, policies, write) => {
    const subject = { task: 'lint', branch: 'main', platform: 'gitlab' }

    expect(resolvePolicy(tableOf(policies), { ...subject, isFromFork: true }).write).toBe(write)
    // The same without the fork.
    expect(resolvePolicy(tableOf(policies), subject).write).toBe(true)
  })

  test('is named as the reason', () => {
    const fields = explainPolicy(tableOf({}), { task: 'lint', isFromFork: true })

    const write = fields.find(({ field }) => field === 'write')
    expect(write).toMatchObject({ value: false, from: { section: 'built-in', name: 'fork' } })
  })
})
