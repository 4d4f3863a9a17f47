import { chmodSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestRepository } from './test-repository.ts'

/** Puts the path, which is committed and clean, into a state. */
type Maker = (repository: TestRepository, path: string) => void

const STATES: Readonly<Record<string, Maker>> = {
  clean: () => {},
  staged: stage,
  'partly staged'(repository, path) {
    stage(repository, path)
    write(repository, path, 'staged in part')
  },
  unstaged: (repository, path) => write(repository, path, 'not staged'),
  'staged, and back in the work tree'(repository, path) {
    stage(repository, path)
    write(repository, path, path)
  },
  untracked: (repository, path) => write(repository, `${path}.new`, 'untracked'),
  'untracked directory': (repository, path) =>
    write(repository, `${path}.d/deep/file`, 'untracked'),
  ignored: (repository, path) => write(repository, `${path}.ignored`, 'ignored'),
  renamed: (repository, path) => void repository.git('mv', path, `${path}.moved`),
  'renamed in the work tree'(repository, path) {
    renameSync(join(repository.workTree, path), join(repository.workTree, `${path}.moved`))
  },
  'made executable'(repository, path) {
    chmodSync(join(repository.workTree, path), 0o755)
  },
  'made executable in the index': (repository, path) =>
    void repository.git('update-index', '--chmod=+x', path),
  deleted: (repository, path) => rmSync(join(repository.workTree, path)),
  'deleted in the index': (repository, path) => void repository.git('rm', '-q', '--cached', path),
  'replaced by a link'(repository, path) {
    rmSync(join(repository.workTree, path))
    symlinkSync('somewhere', join(repository.workTree, path))
  },
  'intended to be added'(repository, path) {
    write(repository, `${path}.later`, 'intended')
    repository.git('add', '--intent-to-add', `${path}.later`)
  },
  conflicted(repository, path) {
    const sides = ['base', 'ours', 'theirs'].map(
      (text, at) => `100644 ${repository.hash(text)} ${at + 1}\t${path}\n`,
    )
    repository.gitWith(sides.join(''), 'update-index', '--index-info')
    write(repository, path, '<<<<<<<\n')
  },
  'assumed to be unchanged'(repository, path) {
    repository.git('update-index', '--assume-unchanged', path)
    write(repository, path, 'changed all the same')
  },
  'outside of a sparse checkout'(repository, path) {
    repository.git('update-index', '--skip-worktree', path)
    rmSync(join(repository.workTree, path))
  },
  'kept out of the work tree, and edited'(repository, path) {
    repository.git('update-index', '--skip-worktree', path)
    write(repository, path, 'edited all the same')
  },
  'dirty submodule': (repository) => write(repository, 'sub/file', 'dirty'),
  'moved submodule': (repository) => moveSubmodule(repository),
  'moved submodule, staged'(repository) {
    moveSubmodule(repository)
    repository.git('add', 'sub')
  },
}

/** Ways in which a path can be otherwise in the commit, the index and the work tree. */
export const PATH_STATES: readonly string[] = Object.keys(STATES)

/** Gives each of the committed files `src/0`, `src/1`, … the state at its place. */
export function applyStates(repository: TestRepository, states: readonly string[]): void {
  for (const [at, state] of states.entries()) STATES[state]?.(repository, `src/${at}`)
}

function stage(repository: TestRepository, path: string): void {
  write(repository, path, 'staged')
  repository.git('add', path)
}

function write(repository: TestRepository, path: string, text: string): void {
  const file = join(repository.workTree, path)
  repository.makeRoomFor(file)
  writeFileSync(file, `${text}\n`)
}

function moveSubmodule(repository: TestRepository): void {
  repository.gitIn('sub', 'commit', '-q', '--allow-empty', '-m', 'moved')
}
