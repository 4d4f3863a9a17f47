import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { gitEnvironment, openProject } from '../testing/temporary-project.ts'
import type { TemporaryProject } from '../testing/temporary-project.ts'
import { listUnreachable } from './list-unreachable.ts'

test('commits that were amended, rebased away, or of a branch that is gone', async () => {
  const project = repository()
  const first = commit(project)
  const amended = commit(project)
  project.git('commit', '-q', '--allow-empty', '--amend', '-m', 'other words')
  const now = project.git('rev-parse', 'HEAD').trim()
  project.git('checkout', '-q', '-b', 'side', first)
  const side = commit(project)
  const both = await ask(project, [first, amended, now, side])
  project.git('checkout', '-q', 'main')
  project.git('branch', '-q', '-D', 'side')

  expect(both).toEqual(new Set([amended]))
  expect(await ask(project, [first, amended, now, side])).toEqual(new Set([amended, side]))
})

test('what a tag, a remote branch or another work tree leads to is reachable', async () => {
  const project = repository()
  const first = commit(project)
  project.git('checkout', '-q', '--detach')
  const [tagged, remote, linked] = [commit(project), commit(project), commit(project)]
  project.git('tag', 'v1', tagged)
  project.git('update-ref', 'refs/remotes/origin/main', remote)
  project.git('worktree', 'add', '-q', '--detach', join(project.root, 'linked'), linked)
  project.git('checkout', '-q', 'main')

  expect(await ask(project, [first, tagged, remote, linked])).toEqual(new Set())
})

test('what the repository does not have, and what is no commit, is left alone', async () => {
  const project = repository()
  commit(project)
  const tree = project.git('rev-parse', 'HEAD^{tree}').trim()

  expect(await ask(project, ['0'.repeat(40), '--all', 'HEAD', '', tree])).toEqual(new Set())
  expect(await ask(project, [])).toEqual(new Set())
})

test('outside of a repository nothing can be said', async () => {
  const project = openProject()
  onTestFinished(() => project[Symbol.dispose]())

  await expect(ask(project, [])).rejects.toMatchObject({ code: 'GIT_FAILED' })
})

async function ask({ root }: TemporaryProject, commits: readonly string[]) {
  return await listUnreachable(commits, { directory: root, env: gitEnvironment() })
}

function repository(): TemporaryProject {
  const project = openProject()
  onTestFinished(() => project[Symbol.dispose]())
  project.git('init', '-q', '-b', 'main')
  return project
}

let count = 0

function commit(project: TemporaryProject): string {
  project.git('commit', '-q', '--allow-empty', '-m', `commit ${count++}`)
  return project.git('rev-parse', 'HEAD').trim()
}
