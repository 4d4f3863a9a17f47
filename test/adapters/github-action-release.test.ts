import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { PLATFORMS } from '../../scripts/github-action/native-binaries.ts'
import { startVaultServer } from '../rig/start-vault-server.ts'
import { createMachine, runAction, uniqueTask } from './github/run-action.ts'

/* The repository that is published, as the release makes it; the binaries are those of npm. */

vi.setConfig({ testTimeout: 120_000, hookTimeout: 240_000 })

const SCRIPT = path.resolve(import.meta.dirname, '../../scripts/release-github-action.ts')
const NATIVE = 'dist/node_modules/@napi-rs/blake-hash'

let directory: string
let repository: string
/** Of each release, in order. */
let commits: readonly string[]
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'taskvault-released-'))
  repository = path.join(directory, 'cache-action.git')
  execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', repository])
  commits = ['1.0.0', '1.1.0', '1.0.1', '1.2.0-beta.1', '2.0.0'].map((version) => {
    const { status, stdout, stderr } = release(version)
    if (status !== 0) throw new Error(stderr)
    return stdout.trim()
  })
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

describe('a release', () => {
  test('has a tag that stays, and moves the one of its number', () => {
    const [first, second, patch, beta, next] = commits
    const tags = Object.fromEntries(
      git('for-each-ref', '--format=%(refname:short) %(objectname)', 'refs/tags')
        .split('\n')
        .map((line) => line.split(' ')),
    ) as unknown

    expect(tags).toEqual({
      'v1.0.0': first,
      'v1.1.0': second,
      'v1.0.1': patch,
      'v1.2.0-beta.1': beta,
      'v2.0.0': next,
      v1: second,
      v2: next,
    })
    expect(new Set(commits).size).toBe(5)
  })

  test('is refused under a version that there is', () => {
    const before = git('show-ref')

    const { status, stderr } = release('1.0.0')

    expect(status).toBe(1)
    expect(stderr).toContain('v1.0.0 has been released')
    expect(git('show-ref')).toBe(before)
  })

  test('names its own commit on the page of the branch', () => {
    const page = git('show', 'main:README.md')
    const uses = [...page.matchAll(/uses: taskvault\/cache-action\S*@(.+)$/gm)]

    expect(uses.length).toBeGreaterThan(5)
    for (const [, named] of uses) expect(named).toBe(`${commits.at(-1)} # v2.0.0`)
    const changed = git('diff', '--name-only', `${commits.at(-1)}`, 'main')
    expect(changed).toBe('README.md')
  })

  test('has what `uses:` asks for at its root, and nothing of how it was made', () => {
    const names = git('ls-tree', '-r', '--name-only', 'v1').split('\n')

    expect(names.filter((name) => !name.startsWith('dist/'))).toEqual([
      '.gitattributes',
      'LICENSE',
      'README.md',
      'action.yml',
      'restore/action.yml',
      'save/action.yml',
    ])
    expect(names).toContain('dist/main.mjs')
  })

  test('has the native code of every platform', () => {
    const tree = checkOut('v1')
    const kinds = PLATFORMS.map((platform) => [
      platform,
      machineOf(readFileSync(path.join(tree, NATIVE, `blake.${platform}.node`))),
    ])

    expect(kinds).toEqual([
      ['linux-x64-gnu', 'ELF x64'],
      ['linux-x64-musl', 'ELF x64'],
      ['linux-arm64-gnu', 'ELF arm64'],
      ['linux-arm64-musl', 'ELF arm64'],
      ['darwin-x64', 'Mach-O x64'],
      ['darwin-arm64', 'Mach-O arm64'],
      ['win32-x64-msvc', 'PE x64'],
      ['win32-arm64-msvc', 'PE arm64'],
    ])
  })

  test('finds with no native code what it saved with it', async () => {
    await using server = await startVaultServer()
    const tree = checkOut('v1')
    const bare = checkOut('v1')
    for (const name of readdirSync(path.join(bare, NATIVE)).filter((each) =>
      each.endsWith('.node'),
    ))
      rmSync(path.join(bare, NATIVE, name))
    const inputs = { task: uniqueTask(), run: 'echo hello', salt: '1' }

    const ran = await runAction(createMachine(server), { inputs, dist: path.join(tree, 'dist') })
    const hit = await runAction(createMachine(server), { inputs, dist: path.join(bare, 'dist') })

    expect([ran, hit].map(({ outputs }) => outputs['cache-status'])).toEqual(['miss', 'exact'])
    expect(ran.log + hit.log).not.toContain('::warning')
  })
})

function release(version: string) {
  const as = { name: 'a', email: 'a@example.com' }
  const env = {
    ...process.env,
    GIT_AUTHOR_NAME: as.name,
    GIT_AUTHOR_EMAIL: as.email,
    GIT_COMMITTER_NAME: as.name,
    GIT_COMMITTER_EMAIL: as.email,
  }
  const words = [SCRIPT, repository, version, '--no-build']
  return spawnSync(process.execPath, words, { encoding: 'utf8', env })
}

function git(...words: readonly string[]): string {
  const options = { cwd: repository, encoding: 'utf8', maxBuffer: 1 << 28 } as const
  return execFileSync('git', words, options).trim()
}

let trees = 0
function checkOut(tag: string): string {
  trees += 1
  const tree = path.join(directory, `tree-${trees}`)
  execFileSync('git', ['clone', '--quiet', '--branch', tag, repository, tree], { stdio: 'pipe' })
  expect(existsSync(path.join(tree, 'action.yml'))).toBe(true)
  return tree
}

const ELF: Readonly<Record<number, string>> = { 0x3e: 'x64', 0xb7: 'arm64' }
const MACH: Readonly<Record<number, string>> = { 0x01000007: 'x64', 0x0100000c: 'arm64' }
const PE: Readonly<Record<number, string>> = { 0x8664: 'x64', 0xaa64: 'arm64' }

/** By the numbers that each format begins with. */
function machineOf(bytes: Buffer): string | undefined {
  if (bytes.readUInt32BE(0) === 0x7f454c46) return `ELF ${ELF[bytes.readUInt16LE(18)]}`
  if (bytes.readUInt32LE(0) === 0xfeedfacf) return `Mach-O ${MACH[bytes.readUInt32LE(4)]}`
  if (bytes.toString('latin1', 0, 2) !== 'MZ') return undefined
  return `PE ${PE[bytes.readUInt16LE(bytes.readUInt32LE(0x3c) + 4)]}`
}
