import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { listCommitsSince } from './list-commits-since.ts'

test('the commit itself and all after it, on every side of a merge', () => {
  const { root, commit, git } = repository()
  const [first, second] = [commit('first'), commit('second')]
  git('checkout', '-q', '-b', 'side', first)
  const side = commit('side')
  git('checkout', '-q', 'main')
  git('merge', '-q', '--no-ff', '-m', 'merge', 'side')
  const merge = git('rev-parse', 'HEAD')

  expect(listCommitsSince(second, requestFor(root))).toEqual(new Set([second, side, merge]))
  expect(listCommitsSince('HEAD', requestFor(root))).toEqual(new Set([merge]))
  expect(listCommitsSince(first.slice(0, 8), requestFor(root)).size).toBe(4)
})

test.each(['nothing', '--all', '', 'HEAD:file'])('%j is no commit', (text) => {
  const { root, commit } = repository()
  commit('first')

  expect(() => listCommitsSince(text, requestFor(root))).toThrow(
    expect.objectContaining({
      code: 'GIT_FAILED',
      message: `There is no commit ${JSON.stringify(text)} here`,
    }),
  )
})

test('a commit outside of the history of HEAD is refused', () => {
  const { root, commit, git } = repository()
  const first = commit('first')
  git('checkout', '-q', '-b', 'side')
  const side = commit('side')
  git('checkout', '-q', 'main')

  expect(() => listCommitsSince(side, requestFor(root))).toThrow('is not in the history of HEAD')
  expect(listCommitsSince(first, requestFor(root))).toEqual(new Set([first]))
})

test('outside of a repository there are no commits', () => {
  const root = emptyDirectory()

  expect(() => listCommitsSince('HEAD', requestFor(root))).toThrow('is not in a git repository')
})

interface TestRepository {
  readonly root: string
  git(...args: readonly string[]): string
  commit(message: string): string
}

function repository(): TestRepository {
  const root = emptyDirectory()
  const identity = ['-c', 'user.name=a', '-c', 'user.email=a@b.c']
  const git = (...args: readonly string[]): string =>
    execFileSync('git', [...identity, ...args], {
      cwd: root,
      encoding: 'utf8',
      env: requestFor(root).env,
    }).trim()
  git('init', '-q', '-b', 'main')
  return {
    root,
    git,
    commit: (message) => {
      git('commit', '-q', '--allow-empty', '-m', message)
      return git('rev-parse', 'HEAD')
    },
  }
}

function requestFor(root: string): { directory: string; env: Record<string, string | undefined> } {
  return {
    directory: root,
    env: { PATH: process.env['PATH'], HOME: root, GIT_CONFIG_NOSYSTEM: '1' },
  }
}

function emptyDirectory(): string {
  const root = mkdtempSync(path.join(tmpdir(), 'taskvault-commits-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  return root
}
