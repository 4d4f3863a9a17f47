import { expect, test } from 'vitest'
import { findRepository } from '../git/find-repository.ts'
import { gitEnvironment, openProject } from '../testing/temporary-project.ts'
import { beginLook } from './early-look.ts'

test('what it saw is given once', async () => {
  using project = openRepository()
  project.write({ 'a.txt': 'edited', 'new.txt': '' })
  using look = begin(project.root)

  const first = await look.take()
  const second = await look.take()

  expect(first?.map(({ relativePath }) => relativePath)).toEqual(['a.txt', 'new.txt'])
  expect(second).toBeUndefined()
})

test('it says nothing of an index that has taken the place of the one it saw', async () => {
  using project = openRepository()
  using look = begin(project.root)

  project.write({ 'a.txt': 'edited' })
  project.git('add', 'a.txt')

  expect(await look.take()).toBeUndefined()
})

test('nor once it has been waiting for seconds', async () => {
  using project = openRepository()
  let nowMs = 0
  using look = begin(project.root, () => nowMs)

  nowMs += 2_001

  expect(await look.take()).toBeUndefined()
})

test('one that was given up is a failure, and nobody’s unless it is asked for', async () => {
  using project = openRepository()
  const look = begin(project.root)

  look[Symbol.dispose]()

  await expect(look.take()).rejects.toMatchObject({ code: 'GIT_FAILED' })
})

function openRepository() {
  const project = openProject({ 'a.txt': 'a' })
  project.git('init', '-q')
  project.git('add', '.')
  return project
}

function begin(projectRoot: string, now = () => 0) {
  const place = findRepository(projectRoot)
  if (place === undefined) throw new Error('there is a repository')
  return beginLook({ repository: place.repository, projectRoot, env: gitEnvironment(), now })
}
