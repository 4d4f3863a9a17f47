import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readGitHead } from '../git/read-head.ts'
import { detectOrigin } from './detect-origin.ts'

describe('on CI systems', () => {
  test.each([
    [
      'a push on GitHub',
      { GITHUB_ACTIONS: 'true', GITHUB_HEAD_REF: '', GITHUB_REF_NAME: 'main', GITHUB_SHA: 'c1' },
      'github',
      'main',
      'c1',
    ],
    [
      'a pull request on GitHub',
      { GITHUB_ACTIONS: 'true', GITHUB_HEAD_REF: 'topic', GITHUB_REF_NAME: '7/merge' },
      'github',
      'topic',
      undefined,
    ],
    [
      'a tag on GitHub',
      { GITHUB_ACTIONS: 'true', GITHUB_REF_TYPE: 'tag', GITHUB_REF_NAME: 'v1' },
      'github',
      undefined,
      undefined,
    ],
    [
      'a branch on GitLab',
      { GITLAB_CI: 'true', CI_COMMIT_BRANCH: 'main', CI_COMMIT_SHA: 'c2' },
      'gitlab',
      'main',
      'c2',
    ],
    [
      'a merge request on GitLab',
      { GITLAB_CI: 'true', CI_MERGE_REQUEST_SOURCE_BRANCH_NAME: 'topic' },
      'gitlab',
      'topic',
      undefined,
    ],
    [
      'CircleCI',
      { CIRCLECI: 'true', CIRCLE_BRANCH: 'main', CIRCLE_SHA1: 'c3' },
      'circleci',
      'main',
      'c3',
    ],
    [
      'Jenkins',
      { JENKINS_URL: 'http://ci', BRANCH_NAME: 'main', GIT_COMMIT: 'c4' },
      'jenkins',
      'main',
      'c4',
    ],
    [
      'a pull request on Jenkins',
      { JENKINS_URL: 'http://ci', CHANGE_BRANCH: 'topic', BRANCH_NAME: 'PR-7' },
      'jenkins',
      'topic',
      undefined,
    ],
    [
      'a laptop with a stray variable',
      { BRANCH_NAME: 'main', CIRCLE_BRANCH: 'main' },
      'local',
      undefined,
      undefined,
    ],
    [
      'any machine that says so itself',
      { TASKVAULT_BRANCH: 'mine', CIRCLECI: 'true', CIRCLE_BRANCH: 'main' },
      'circleci',
      'mine',
      undefined,
    ],
  ])('%s', (_, env, platform, branch, commit) => {
    const origin = detectOrigin({ projectRoot: emptyDirectory(), env })

    expect([origin.platform, origin.branch, origin.commit]).toEqual([platform, branch, commit])
  })
})

describe('from git', () => {
  test('the branch and the commit, from a subdirectory as well', () => {
    const { root, commit } = repository()

    expect(readGitHead(root)).toEqual({ branch: 'feature/one', commit })
    expect(detectOrigin({ projectRoot: root, env: {} })).toEqual({
      platform: 'local',
      branch: 'feature/one',
      commit,
    })
  })

  test('no commit before the first', () => {
    const root = emptyDirectory()
    git(root, 'init', '-q', '-b', 'main')

    expect(readGitHead(root)).toEqual({ branch: 'main', commit: undefined })
  })

  test('who works is named by the machine, and on a CI system by that', () => {
    const projectRoot = emptyDirectory()

    expect(detectOrigin({ projectRoot, env: { USER: 'ada' } }).user).toBe('ada')
    expect(detectOrigin({ projectRoot, env: { USERNAME: 'ada' } }).user).toBe('ada')
    expect(
      detectOrigin({
        projectRoot,
        env: { USER: 'runner', GITHUB_ACTIONS: 'true', GITHUB_ACTOR: 'ada' },
      }).user,
    ).toBe('ada')
  })

  test('a rebase works for the branch that it will move', () => {
    const { root } = repository()
    git(root, ...AS_SOMEBODY, 'commit', '-q', '--allow-empty', '-m', 'two')
    const editor = 'sequence.editor=sed -i s/pick/edit/'
    git(root, ...AS_SOMEBODY, '-c', editor, 'rebase', '-q', '-i', '--keep-empty', 'HEAD~1')

    expect(readFileSync(path.join(root, '.git', 'HEAD'), 'utf8')).not.toContain('ref:')
    expect(readGitHead(root)?.branch).toBe('feature/one')
  })

  test('no branch while HEAD is detached', () => {
    const { root, commit } = repository()
    git(root, 'checkout', '-q', '--detach')

    expect(readGitHead(root)).toEqual({ branch: undefined, commit })
  })

  test('refs that git has packed', () => {
    const { root, commit } = repository()
    git(root, 'pack-refs', '--all')

    expect(readGitHead(root)?.commit).toBe(commit)
  })

  test('a linked work tree has its own branch', () => {
    const { root, commit } = repository()
    const linked = path.join(emptyDirectory(), 'linked')
    git(root, 'worktree', 'add', '-q', '-b', 'other', linked)

    expect(readGitHead(linked)).toEqual({ branch: 'other', commit })
  })

  test.each(['', 'ref: refs/heads/../../../etc/passwd\n', 'garbage', 'ref: refs/remotes/x\n'])(
    'a HEAD of %j says nothing wrong',
    (head) => {
      const { root } = repository()
      writeFileSync(path.join(root, '.git', 'HEAD'), head)

      expect(readGitHead(root)?.commit).toBeUndefined()
    },
  )

  test('outside of a repository nothing is known', () => {
    expect(readGitHead(emptyDirectory())).toBeUndefined()
  })
})

const AS_SOMEBODY = ['-c', 'user.name=a', '-c', 'user.email=a@b.c']

function repository(): { root: string; commit: string } {
  const root = emptyDirectory()
  git(root, 'init', '-q', '-b', 'feature/one')
  git(root, ...AS_SOMEBODY, 'commit', '-q', '--allow-empty', '-m', 'one')
  return { root, commit: git(root, 'rev-parse', 'HEAD').trim() }
}

function git(directory: string, ...args: readonly string[]): string {
  const env = { PATH: process.env['PATH'], HOME: directory, GIT_CONFIG_NOSYSTEM: '1' }
  return execFileSync('git', args, { cwd: directory, encoding: 'utf8', env, stdio: 'pipe' })
}

function emptyDirectory(): string {
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'taskvault-origin-')))
  onTestFinished(() => rmSync(root, { recursive: true }))
  return root
}
