import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { writePublishedTree } from './build-github-action.ts'
import { addNativeBinaries } from './github-action/native-binaries.ts'
import { parseReleaseVersion, planMovingTag } from './github-action/release-version.ts'
import type { ReleaseVersion } from './github-action/release-version.ts'

/*
 * `node scripts/release-github-action.ts REPOSITORY VERSION [--no-build]` publishes the action: one commit
 * with the tree that `uses:` wants, the tag `v1.2.3` on it for ever, the tag `v1` moved to it, and one
 * commit more, in which the page names that commit. All of it arrives, or nothing does.
 */

const USAGE = 'Usage: node scripts/release-github-action.ts REPOSITORY VERSION [--no-build]'
const ROOT = path.resolve(import.meta.dirname, '..')
const BRANCH = 'main'

/** What the page shows until the commit is known; a commit cannot name itself. */
const UNKNOWN_COMMIT = /(taskvault\/cache-action(?:\/\w+)?)@0{40} # v\d+/g

interface Release {
  /** Whatever `git clone` takes. */
  readonly repository: string
  readonly version: ReleaseVersion
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    allowNegative: true,
    options: { build: { type: 'boolean', default: true } },
  })
  const [repository, version] = positionals
  if (repository === undefined || version === undefined) {
    process.stderr.write(`${USAGE}\n`)
    process.exitCode = 64
  } else {
    const parsed = parseReleaseVersion(version)
    if (values.build) build()
    process.stdout.write(`${await release({ repository, version: parsed })}\n`)
  }
}

/** Returns the commit of the release. */
async function release({ repository, version }: Release): Promise<string> {
  const temporary = mkdtempSync(path.join(tmpdir(), 'taskvault-release-'))
  const clone = path.join(temporary, 'clone')
  const git = (...words: readonly string[]): string =>
    execFileSync('git', words, { cwd: clone, encoding: 'utf8' }).trim()
  try {
    execFileSync('git', ['clone', '--quiet', repository, clone], { stdio: 'pipe' })
    const tags = git('tag', '--list').split('\n')
    const tag = `v${version.text}`
    if (tags.includes(tag)) throw new Error(`${tag} has been released, and stays what it is`)
    openBranch(git)
    await replaceTree(clone)
    commitAll(git, `Release ${tag}`)
    const commit = git('rev-parse', 'HEAD')
    git('tag', tag)
    nameCommit(path.join(clone, 'README.md'), `${commit} # ${tag}`)
    commitAll(git, `Name the commit of ${tag} on the page`)
    const moving = planMovingTag(version, readVersions(tags))
    const moved = moving === undefined ? [] : [`+${commit}:refs/tags/${moving}`]
    const pushed = [`HEAD:refs/heads/${BRANCH}`, `refs/tags/${tag}`, ...moved]
    git('push', '--quiet', '--atomic', 'origin', ...pushed)
    return commit
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

type Git = (...words: readonly string[]) => string

/** The first release finds a repository in which nothing is. */
function openBranch(git: Git): void {
  const isThere = git('branch', '--remotes', '--list', `origin/${BRANCH}`) !== ''
  if (isThere) git('switch', '--quiet', '--force-create', BRANCH, `origin/${BRANCH}`)
  else git('symbolic-ref', 'HEAD', `refs/heads/${BRANCH}`)
}

async function replaceTree(clone: string): Promise<void> {
  for (const name of readdirSync(clone))
    if (name !== '.git') rmSync(path.join(clone, name), { recursive: true })
  writePublishedTree(clone)
  await addNativeBinaries(path.join(clone, 'dist'))
}

/** With what somebody's own rules would leave out: `dist` and `node_modules` are what matters here. */
function commitAll(git: Git, message: string): void {
  git('add', '--all', '--force')
  git('commit', '--quiet', '--allow-empty', '--message', message)
}

function nameCommit(page: string, named: string): void {
  const text = readFileSync(page, 'utf8')
  const filled = text.replaceAll(UNKNOWN_COMMIT, `$1@${named}`)
  if (filled === text) throw new Error('The page shows nowhere how to name a commit')
  writeFileSync(page, filled)
}

function readVersions(tags: readonly string[]): readonly ReleaseVersion[] {
  return tags
    .filter((tag) => /^v\d+\.\d+\.\d+/.test(tag))
    .map((tag) => parseReleaseVersion(tag.slice(1)))
}

function build(): void {
  const turbo = path.join(ROOT, 'node_modules/.bin/turbo')
  if (!existsSync(turbo)) throw new Error('Run `pnpm install` first')
  execFileSync(turbo, ['run', 'build', '--filter', '@taskvault/cache-action'], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
}
