import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { addRemote } from '../rig/hook-project.ts'
import { openHookedProject, writeHooks } from '../rig/hooked-project.ts'
import type { HookedProject } from '../rig/hooked-project.ts'

/*
 * The states that a repository can be in when a hook runs, each with the answer that docs/hooks.md
 * defines. Policies that name a branch tell which one a hook goes by: `warn` lets a failure pass.
 */

const BY_BRANCH = `branches: { topic: { pre_commit: warn, pre_push: warn } }
tasks:
  unit_tests: { command: sh test.sh, inputs: ['src/**', test.sh], hooks: [pre-commit, pre-push] }
`

test('the first commit of a repository, and of an orphan branch, are tested like any other', async () => {
  await using project = await openHookedProject()

  const first = await project.commit('first')
  await project.git(['checkout', '-q', '--orphan', 'other'])
  const orphan = await project.run(['git', 'commit', '-q', '-m', 'the same content'])
  project.write({ 'src/a.txt': 'B' })
  await project.commit('other content')

  expect([first.exitCode, orphan.exitCode, project.countRuns()]).toEqual([0, 0, 2])
  expect(orphan.stderr).toContain('unit_tests: skipped')
  expect(project.runs()[1]?.tree).toBe(await project.id('HEAD^{tree}'))
})

test('an amended message tests nothing, an amended content is tested', async () => {
  await using project = await openHookedProject()
  await project.commit('first')

  await project.run(['git', 'commit', '-q', '--amend', '-m', 'other words'])
  const afterWords = project.countRuns()
  project.write({ 'src/a.txt': 'B' })
  await project.run(['git', 'commit', '-q', '-a', '--amend', '--no-edit'])

  expect([afterWords, project.countRuns()]).toEqual([1, 2])
  expect(project.runs()[1]?.tree).toBe(await project.id('HEAD^{tree}'))
})

test('`commit -a` and `commit PATH` are tested as what they commit', async () => {
  await using project = await openHookedProject({ 'src/b.txt': 'B' })
  await project.commit('first')
  project.write({ 'src/a.txt': 'A2', 'src/b.txt': 'B2' })

  await project.run(['git', 'commit', '-q', '-m', 'one of two', 'src/a.txt'])
  const one = await project.id('HEAD^{tree}')
  await project.run(['git', 'commit', '-q', '-a', '-m', 'the other'])
  const other = await project.id('HEAD^{tree}')

  expect(project.runs().map(({ tree }) => tree)).toEqual([expect.anything(), one, other])
  // Of the first, the work tree held more.
  expect(project.runs()[1]?.directory).not.toBe(project.rig.project)
  expect(project.runs()[2]?.directory).toBe(project.rig.project)
})

test('with HEAD detached no policy of a branch applies', async () => {
  await using project = await openHookedProject({ '.taskvault/config.yaml': BY_BRANCH })
  await project.commit('first')
  await project.git(['checkout', '-q', '-b', 'topic'])
  project.write({ 'src/broken': '' })

  const onBranch = await project.commit('broken')
  await project.git(['checkout', '-q', '--detach'])
  project.write({ 'src/a.txt': 'B' })
  const detached = await project.commit('broken as well')

  expect([onBranch.exitCode, detached.exitCode]).toEqual([0, 1])
  expect(onBranch.stderr).toMatch(
    /! unit_tests: failed with exit code 1 after .+; only a warning here/,
  )
})

test('a commit in the middle of a rebase goes by the branch that is rebased', async () => {
  await using project = await openHookedProject({ '.taskvault/config.yaml': BY_BRANCH })
  await project.commit('first')
  await project.git(['checkout', '-q', '-b', 'topic'])
  project.write({ 'src/b.txt': 'B' })
  await project.commit('second')
  await project.git(['-c', 'sequence.editor=sed -i s/pick/edit/', 'rebase', '-q', '-i', 'HEAD~1'])
  project.write({ 'src/broken': '' })

  const amended = await project.commit('broken')
  await project.git(['rebase', '--continue'])

  expect(amended.exitCode).toBe(0)
  expect(amended.stderr).toContain('only a warning here')
  expect((await project.git(['branch', '--show-current'])).stdout).toBe('topic\n')
})

test('a merge that git commits by itself runs what a commit runs, on what it made', async () => {
  await using project = await openHookedProject()
  await forkedHistory(project)

  const merged = await project.run(['git', 'merge', '-q', '--no-edit', 'topic'])

  expect(merged.exitCode).toBe(0)
  expect(project.runs().at(-1)?.tree).toBe(await project.id('HEAD^{tree}'))
  expect(project.countRuns()).toBe(4)
})

test('a merge that breaks what both sides had whole is not committed', async () => {
  await using project = await openHookedProject({
    'test.sh': 'test ! -e src/b.txt || test ! -e src/c.txt',
  })
  await forkedHistory(project)

  const merged = await project.run(['git', 'merge', '-q', '--no-edit', 'topic'])

  expect(merged.exitCode).not.toBe(0)
  expect(merged.stderr).toContain('the merge is not committed')
  expect(await project.id('HEAD')).toBe(await project.id('main'))
})

test('a merge with conflicts is tested as it was resolved', async () => {
  await using project = await openHookedProject()
  await forkedHistory(project, { onMain: 'src/a.txt', onTopic: 'src/a.txt' })
  const merged = await project.run(['git', 'merge', '-q', 'topic'])
  const asked = await project.run(['taskvault', 'hooks', 'run', 'pre-commit'])
  project.write({ 'src/a.txt': 'resolved' })

  const committed = await project.commit('resolved')

  expect(merged.exitCode).toBe(1)
  // With conflicts there is nothing yet that could be committed: git refuses before it asks us.
  expect(asked.stderr).toContain('The index has a conflict in src/a.txt')
  expect(committed.exitCode).toBe(0)
  expect(project.runs().at(-1)?.tree).toBe(await project.id('HEAD^{tree}'))
})

test('a commit that finishes a cherry-pick or a revert is tested as it was resolved', async () => {
  await using project = await openHookedProject()
  await forkedHistory(project, { onMain: 'src/a.txt', onTopic: 'src/a.txt' })

  const picked = await project.run(['git', 'cherry-pick', 'topic'])
  project.write({ 'src/a.txt': 'resolved' })
  await project.git(['add', '-A'])
  const finished = await project.run(['git', 'commit', '-q', '--no-edit'])
  const ofPick = [project.runs().at(-1)?.tree, await project.id('HEAD^{tree}')]
  await project.git(['revert', '--no-commit', 'HEAD'])
  const before = project.countRuns()
  const reverted = await project.run(['git', 'commit', '-q', '-m', 'back'])

  expect(picked.exitCode).toBe(1)
  expect(finished.exitCode).toBe(0)
  expect(ofPick[0]).toBe(ofPick[1])
  // What was there before has passed before.
  expect(reverted.stderr).toContain('unit_tests: skipped')
  expect(project.countRuns()).toBe(before)
})

test('a push is tested by its commits, whatever the work tree and HEAD are', async () => {
  await using project = await openHookedProject()
  await addRemote(project)
  await project.git(['add', '-A'])
  await project.git(['commit', '-q', '--no-verify', '-m', 'first'])
  const pushed = await project.id('HEAD^{tree}')
  project.write({ 'src/a.txt': 'not committed' })
  await project.git(['checkout', '-q', '--orphan', 'other'])

  const { stderr } = await project.git(['push', '-q', 'origin', 'main'])

  expect(stderr).toContain('in a snapshot')
  expect(project.runs().map(({ tree }) => tree)).toEqual([pushed])
})

test('each branch of a push is tested by its own policy, tags by none, and deletions not at all', async () => {
  await using project = await openHookedProject({ '.taskvault/config.yaml': BY_BRANCH })
  await addRemote(project)
  await project.commit('first')
  project.write({ 'src/broken': '' })
  await project.git(['add', '-A'])
  await project.git(['commit', '-q', '--no-verify', '-m', 'broken'])
  await project.git(['tag', '-a', '-m', 'annotated', 'v1', 'HEAD~1'])
  await project.git(['tag', 'file', 'HEAD:src/a.txt'])

  const allowed = await project.run([
    'git',
    'push',
    'origin',
    'HEAD:refs/heads/topic',
    'v1',
    'file',
  ])
  const refused = await project.run(['git', 'push', 'origin', 'HEAD:main'])
  const runs = project.countRuns()
  const deleted = await project.run(['git', 'push', 'origin', ':topic'])
  const nothing = await project.run(['git', 'push', 'origin', 'v1'])

  expect(allowed.exitCode).toBe(0)
  expect(allowed.stderr).toContain('only a warning here')
  expect(allowed.stderr).toContain('unit_tests: skipped')
  expect(refused.stderr).toContain('nothing is pushed')
  expect([refused.exitCode, deleted.exitCode, nothing.exitCode]).toEqual([1, 0, 0])
  expect(project.countRuns()).toBe(runs)
})

test('a pre-push that the pre-commit framework runs is told by variables', async () => {
  await using project = await openHookedProject()
  await project.commit('first')
  project.write({ 'src/broken': '' })
  await project.git(['add', '-A'])
  await project.git(['commit', '-q', '--no-verify', '-m', 'broken'])
  const words = ['taskvault', 'hooks', 'run', 'pre-push']
  const toRef = async (name: string) => ({ env: { PRE_COMMIT_TO_REF: await project.id(name) } })

  const whole = await project.run(words, await toRef('HEAD~1'))
  const broken = await project.run(words, await toRef('HEAD'))
  const garbled = await project.run(words, { input: 'this is not what git writes\n' })

  expect([whole.exitCode, broken.exitCode, garbled.exitCode]).toEqual([0, 1, 64])
})

test('a linked work tree and a submodule have hooks, index and branch of their own', async () => {
  await using project = await openHookedProject({ '.taskvault/config.yaml': BY_BRANCH })
  await project.commit('first')
  await project.git(['worktree', 'add', '-q', '-b', 'topic', '../linked'])
  const inLinked = { directory: '../linked' }
  project.write({ '../linked/src/a.txt': 'staged' })
  await project.git(['add', '-A'], inLinked)
  project.write({ '../linked/src/a.txt': 'not staged', '../linked/src/broken': '' })

  const committed = await project.run(['git', 'commit', '-q', '-m', 'linked'], inLinked)

  expect(committed.stderr).toContain('✓ unit_tests: passed')
  expect(project.runs()[1]?.tree).toBe(await project.id('topic^{tree}'))
  expect(project.rig.has('.git/worktrees/linked/index.lock')).toBe(false)

  await project.git(['submodule', '--quiet', 'add', project.rig.project, 'sub'])
  writeHooks(project.rig.resolve('.git/modules/sub/hooks'))
  const inSub = { directory: 'sub' }
  project.write({ 'sub/src/a.txt': 'staged' })
  await project.git(['add', '-A'], inSub)
  project.write({ 'sub/src/a.txt': 'not staged' })

  const inner = await project.run(['git', 'commit', '-q', '-m', 'inner'], inSub)

  expect(inner.exitCode).toBe(0)
  const innerTree = await project.git(['rev-parse', 'HEAD^{tree}'], inSub)
  expect(project.runs()[2]?.tree).toBe(innerTree.stdout.trim())
})

test('where only variables name the repository, tasks run and nothing is known of them', async () => {
  await using project = await openHookedProject({ 'test.sh': 'echo "ran $PWD" >>"$RUNS"' })
  const hidden = project.beside('hidden.git')
  await project.git(['init', '-q', '--bare', hidden])
  writeHooks(`${hidden}/hooks`)
  project.rig.remove('.git')
  const there = [`--git-dir=${hidden}`, `--work-tree=${project.rig.project}`]
  await project.git([...there, 'add', 'src', 'test.sh'])

  const committed = await project.run(['git', ...there, 'commit', '-q', '-m', 'first'])

  expect(committed.exitCode).toBe(0)
  expect(committed.stderr).toContain('warning: unit_tests: ')
  expect(project.countRuns()).toBe(1)
})

test('a snapshot holds submodules as they are recorded', async () => {
  await using project = await openHookedProject({
    'test.sh': 'cat sub/src/a.txt >>"$RUNS"; echo >>"$RUNS"',
    '.taskvault/config.yaml': `tasks:
  unit_tests: { command: sh test.sh, inputs: ['sub/**', test.sh], hooks: [pre-commit] }
`,
  })
  await project.commit('first').catch(() => undefined)
  await project.git(['add', '-A'])
  await project.git(['commit', '-q', '--no-verify', '-m', 'first'])
  await project.git(['clone', '-q', '--bare', project.rig.project, '../library.git'])
  await project.git(['submodule', '--quiet', 'add', project.beside('library.git'), 'sub'])
  writeFileSync(project.rig.resolve('sub/src/a.txt'), 'not committed')

  const committed = await project.commit('with a submodule')

  expect(committed.stderr).toContain('in a snapshot, because contents differ in sub')
  expect(project.rig.read('../runs').trim().split('\n').at(-1)).toBe('A')
})

/** `main` and `topic`, each with a commit that the other has not; `main` is checked out. */
async function forkedHistory(
  project: HookedProject,
  { onMain = 'src/b.txt', onTopic = 'src/c.txt' } = {},
): Promise<void> {
  await project.commit('first')
  await project.git(['checkout', '-q', '-b', 'topic'])
  project.write({ [onTopic]: 'topic' })
  await project.commit('on topic')
  await project.git(['checkout', '-q', 'main'])
  project.write({ [onMain]: 'main' })
  await project.commit('on main')
}
