import { execFileSync } from 'node:child_process'
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

const ROOT = path.join(import.meta.dirname, '..')
const CHANGESET = path.join(ROOT, 'node_modules/@changesets/cli/bin.js')

const NOTES = globSync('.changeset/*.md', { cwd: ROOT })

// One note about a package that changesets passes over, as it does with private ones, stops the release of all.
test.skipIf(NOTES.length === 0)(
  'the notes make one release, with one version and the notes of each package',
  () => {
    const copy = copyManifests()

    execFileSync(process.execPath, [CHANGESET, 'version'], { cwd: copy, stdio: 'pipe' })

    const released = globSync('*/*/CHANGELOG.md', { cwd: copy }).map(path.dirname).toSorted()
    const versions = new Set(released.map((folder) => readVersion(path.join(copy, folder))))
    expect(released).toEqual([
      'actions/cache-action',
      'packages/cli',
      'packages/core',
      'packages/server',
    ])
    expect(versions.size).toBe(1)
    expect(globSync('.changeset/*.md', { cwd: copy })).toEqual([])
  },
)

/** All that a release reads, in a repository of its own: changesets asks git where its notes come from. */
function copyManifests(): string {
  const copy = mkdtempSync(path.join(os.tmpdir(), 'taskvault-release-'))
  onTestFinished(() => rmSync(copy, { recursive: true }))
  const manifests = [
    'package.json',
    '{actions,packages}/*/package.json',
    '{bench,test}/package.json',
  ]
  for (const file of globSync([...manifests, 'pnpm-workspace.yaml', '.changeset/*'], { cwd: ROOT }))
    cpSync(path.join(ROOT, file), path.join(copy, file))
  const git = (...words: readonly string[]): unknown =>
    execFileSync('git', words, { cwd: copy, stdio: 'pipe' })
  git('init', '--quiet')
  git('add', '--all')
  git(
    '-c',
    'user.name=t',
    '-c',
    'user.email=t@localhost',
    'commit',
    '--no-gpg-sign',
    '--quiet',
    '-m',
    'All',
  )
  return copy
}

function readVersion(folder: string): unknown {
  const manifest: unknown = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
  return (manifest as { readonly version: unknown }).version
}
