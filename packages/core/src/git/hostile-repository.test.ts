import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { sha256 } from '../hashing/sha256.ts'
import { gitEnvironment, openProject } from '../testing/temporary-project.ts'
import type { TemporaryProject } from '../testing/temporary-project.ts'
import { digestBlobs } from './digest-blobs.ts'
import { listGitFiles } from './list-files.ts'
import { findProgram, runGit } from './run-git.ts'

test('a monitor, hooks and filters that a repository names are not run', async () => {
  const { project, marker } = inHostileRepository()
  const options = { workTree: project.root, project: project.root, env: gitEnvironment() }

  for (const source of [{ kind: 'index' }, { kind: 'commit', commit: 'HEAD' }] as const) {
    const files = listGitFiles({
      projectRoot: project.root,
      source,
      env: gitEnvironment(),
      mayContain: () => true,
    })
    await digestBlobs([...new Set(files.map(({ blobId }) => blobId))], sha256, options)
  }
  // As for a split index, which only git can read.
  runGit(['ls-files', '--stage', '-z'], options)

  expect(existsSync(marker)).toBe(false)
})

test('without our settings, the same repository does run its programs', () => {
  const { project, marker } = inHostileRepository()

  project.git('status')

  expect(existsSync(marker)).toBe(true)
})

test('a git that the project brings along is not taken for git', () => {
  const { project, marker } = inHostileRepository()
  const bin = join(project.root, 'node_modules/.bin')
  mkdirSync(bin, { recursive: true })
  project.write({ 'node_modules/.bin/git': { executable: `#!/bin/sh\ntouch '${marker}'\n` } })
  const env = { ...gitEnvironment(), PATH: [bin, '.', process.env['PATH']].join(delimiter) }
  const options = { workTree: project.root, project: project.root, env }

  runGit(['ls-files', '--stage', '-z'], options)
  expect(existsSync(marker)).toBe(false)

  // The same search from elsewhere shows what would have been found.
  const found = findProgram('git', { project: join(project.root, 'b'), env })
  expect(found).toBe(join(bin, 'git'))
})

test('a link from the project to a program elsewhere is not taken for git either', () => {
  const { project } = inHostileRepository()
  project.write({ 'bin/git': { target: '/bin/sh' } })

  project.write({ '..bin/git': { executable: '' } })
  const path = ['bin', '..bin'].map((name) => join(project.root, name)).join(delimiter)

  expect(findProgram('git', { project: project.root, env: { PATH: path } })).toBeUndefined()
})

/** A repository whose configuration names a program wherever it can. */
function inHostileRepository(): { readonly project: TemporaryProject; readonly marker: string } {
  const project = openProject({ a: 'a', 'b/c': 'c', '.gitattributes': '* filter=evil diff=evil\n' })
  onTestFinished(() => project[Symbol.dispose]())
  project.git('init', '--quiet')
  project.git('add', '.')
  project.git('commit', '--quiet', '-m', 'All')
  const marker = join(project.root, '.git/was-run')
  const program = join(project.root, '.git/evil.sh')
  project.write({ '.git/evil.sh': `#!/bin/sh\ntouch '${marker}'\ncat\n` })
  chmodSync(program, 0o755)
  const settings = [
    'core.fsmonitor',
    'core.sshCommand',
    'core.pager',
    'core.editor',
    'diff.external',
    'diff.evil.textconv',
    'diff.evil.command',
    'filter.evil.clean',
    'filter.evil.smudge',
    'credential.helper',
    'core.alternateRefsCommand',
  ]
  for (const name of settings) project.git('config', name, program)
  for (const hook of ['post-index-change', 'post-checkout', 'pre-commit', 'fsmonitor-watchman']) {
    rmSync(join(project.root, '.git/hooks', hook), { force: true })
    project.write({ [`.git/hooks/${hook}`]: { executable: `#!/bin/sh\ntouch '${marker}'\n` } })
  }
  rmSync(marker, { force: true })
  return { project, marker }
}
