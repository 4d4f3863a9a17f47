import { expect, onTestFinished, test } from 'vitest'
import { gitEnvironment, openProject } from '../testing/temporary-project.ts'
import type { TemporaryProject } from '../testing/temporary-project.ts'
import { openRepository } from './find-repository.ts'
import { listUnwatched } from './unwatched-paths.ts'

test.each(['2', '4'])('what git does not look at is told in an index of version %s', (version) => {
  const project = committed(version)
  const before = ask(project)

  project.git('update-index', '--assume-unchanged', 'b/c')
  const one = ask(project)
  project.git('update-index', '--skip-worktree', 'd')

  expect([before, one, ask(project)]).toEqual([[], ['b/c'], ['b/c', 'd']])
})

test('a split index, and one without anything, are read too', () => {
  const project = committed('2')
  project.git('update-index', '--skip-worktree', 'd')
  project.git('update-index', '--split-index')
  const empty = openProject()
  onTestFinished(() => empty[Symbol.dispose]())
  empty.git('init', '-q')

  expect(ask(project)).toEqual(['d'])
  expect(ask(empty)).toEqual([])
})

test('what a sparse checkout leaves out is not looked at', () => {
  const project = committed('2')
  project.git('sparse-checkout', 'set', '--no-cone', '/a')

  expect(ask(project)).toEqual(['b/c', 'd'])
})

function ask({ root }: TemporaryProject): string[] {
  const repository = openRepository(root)
  if (repository === undefined) throw new Error('there is a repository')
  return listUnwatched(repository, { workTree: root, project: root, env: gitEnvironment() })
}

function committed(version: string): TemporaryProject {
  const project = openProject({ a: 'a', 'b/c': 'c', d: 'd' })
  onTestFinished(() => project[Symbol.dispose]())
  project.git('init', '-q')
  project.git('config', 'index.version', version)
  project.git('add', '.')
  project.git('commit', '-q', '-m', 'first')
  return project
}
