import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import type { HistoryShape } from './histories.ts'
import { createHookedRepository } from './hooked-repository.ts'
import { createRandom } from './long-suite.ts'
import { PATH_STATES, applyStates } from './path-states.ts'
import { replayExisting } from './replay-existing.ts'
import { replay } from './replay.ts'
import { HOOK_COMMAND, createTestRepository } from './test-repository.ts'
import type { TestRepository } from './test-repository.ts'
import { tryHook } from './try-hook.ts'

const SMALL_SHAPES: readonly [HistoryShape, HistoryShape] = [
  { name: 'application', packages: 1, filesPerPackage: 60 },
  { name: 'workspace', packages: 10, filesPerPackage: 20 },
]

/* Nobody's work is lost to a hook, whatever state it is in and whenever the hook is killed. */

test('the index and the work tree are what they were, byte for byte, in every state at once', async () => {
  const repository = repositoryIn(PATH_STATES.filter((state) => state !== 'conflicted'))

  const report = await tryHook({ repository, command: HOOK_COMMAND, killAfterMs: undefined })

  expect(report).toEqual({ wasKilled: false, faults: [] })
})

test('any combination of states is left as it was, however early the hook is killed', async () => {
  const states = fc.array(fc.constantFrom(...PATH_STATES), { minLength: 1, maxLength: 6 })
  const moments = fc.array(fc.option(fc.integer({ min: 20, max: 400 }), { nil: undefined }), {
    minLength: 2,
    maxLength: 2,
  })
  await fc.assert(
    fc.asyncProperty(states, moments, async (made, killsAfterMs) => {
      const repository = repositoryIn(made)
      for (const killAfterMs of killsAfterMs) {
        const { faults } = await tryHook({ repository, command: HOOK_COMMAND, killAfterMs })
        expect(faults).toEqual([])
      }
    }),
    { numRuns: 6, endOnFailure: true },
  )
}, 120_000)

test('a hook that stashes what is not staged is found out', async () => {
  const stashing = ['sh', '-c', 'git stash push -q -k -u; sh test.sh; git stash pop -q']
  const repository = repositoryIn(['partly staged', 'untracked'])

  const { faults } = await tryHook({ repository, command: stashing, killAfterMs: undefined })

  expect(faults).toContain('changed: .git/index')
})

test('a hook that tests the work tree instead of the index is found out', async () => {
  const repository = repositoryIn(['partly staged'])
  writeFileSync(
    join(repository.workTree, '.taskvault/config.yaml'),
    `policies: { default: { unstaged: in-place } }
tasks: { unit_tests: { command: sh test.sh, inputs: ['**'], hooks: [pre-commit] } }
`,
  )

  const { faults } = await tryHook({ repository, command: HOOK_COMMAND, killAfterMs: undefined })

  expect(faults).toEqual([expect.stringMatching(/^tested [0-9a-f]{40} and not [0-9a-f]{40}$/)])
})

test.each(SMALL_SHAPES)(
  'the history of a small $name is tested content by content, each once, as it is committed',
  (shape) => {
    const report = replay({ shape, commits: 16, random: createRandom(6), root: emptyDirectory() })

    expect(report.faults).toEqual([])
    expect(report.runs).toBe(report.contents)
    expect(report.runs).toBeLessThan(report.commits)
  },
  120_000,
)

test('the history of an existing repository is made again, and only what it adds is tested', () => {
  const existing = createHookedRepository(emptyDirectory(), '#!/bin/sh\n')
  const { workTree, git } = existing
  for (const [name, text] of [
    ['README.md', 'read me'],
    ['code.js', '1'],
    ['docs/code.js', '2'],
    ['code.js', '2'],
    ['code.js', '1'],
  ] as const) {
    existing.makeRoomFor(join(workTree, name))
    writeFileSync(join(workTree, name), text)
    git('add', '.')
    git('commit', '-q', '-m', name)
  }

  const report = replayExisting({
    repository: workTree,
    commits: 4,
    forMs: 60_000,
    root: emptyDirectory(),
  })

  // The last four; then another README, and the first of them.
  expect(report).toEqual({ commits: 6, runs: 2, contents: 2, skips: 4, files: 3, faults: [] })
}, 60_000)

test('a hook that always tests, and one that never does, are found out', () => {
  const always = '#!/bin/sh\nexec sh test.sh\n'
  const never = '#!/bin/sh\nexit 0\n'
  const [shape] = SMALL_SHAPES
  const faultsOf = (hook: string): readonly string[] =>
    replay({ shape, commits: 12, random: createRandom(1), root: emptyDirectory(), hook }).faults

  expect(faultsOf(always)).not.toEqual([])
  expect(faultsOf(never)).not.toEqual([])
})

function repositoryIn(states: readonly string[]): TestRepository {
  const repository = createTestRepository(emptyDirectory(), states.length)
  applyStates(repository, states)
  return repository
}

function emptyDirectory(): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'taskvault-hooks-')))
  onTestFinished(() => rmSync(root, { recursive: true, force: true, maxRetries: 5 }))
  return root
}
