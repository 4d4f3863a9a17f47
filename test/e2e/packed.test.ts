import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

const ROOT = path.resolve(import.meta.dirname, '../..')

test('the core is packed with what is built, and offers that', () => {
  const { files, manifest } = pack('core')

  expect(files).toEqual(
    expect.arrayContaining([
      'LICENSE',
      'dist/index.mjs',
      'dist/index.d.mts',
      'dist/file-worker.mjs',
      'dist/read-ahead-worker.mjs',
      'dist/restore-worker.mjs',
    ]),
  )
  expect(files.filter((file) => file.startsWith('src/'))).toEqual([])
  expect(manifest['exports']).toMatchObject({ '.': './dist/index.mjs' })
})

test('the server is packed with what is built, and needs the core', () => {
  const { files, manifest } = pack('server')

  expect(files).toEqual(expect.arrayContaining(['LICENSE', 'dist/index.mjs', 'dist/index.d.mts']))
  expect(files.filter((file) => file.startsWith('src/'))).toEqual([])
  expect(manifest['exports']).toMatchObject({ '.': './dist/index.mjs' })
  expect(ownPackagesOf(manifest)).toEqual(['@taskvault/core'])
})

test('the command is packed with its launcher and bundle, and needs the server only', () => {
  const { files, manifest } = pack('cli')

  expect(files).toEqual(
    expect.arrayContaining([
      'LICENSE',
      'bin/taskvault.js',
      'bin/package.json',
      'dist/hook.cjs',
      'dist/start.cjs',
      'dist/file-worker.cjs',
      'dist/read-ahead-worker.cjs',
      'dist/restore-worker.cjs',
    ]),
  )
  expect(files.filter((file) => file.startsWith('src/'))).toEqual([])
  expect(ownPackagesOf(manifest)).toEqual(['@taskvault/server'])
})

test('installed from what is packed, the command serves', async () => {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'taskvault-installed-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  for (const name of ['core', 'server', 'cli']) install(pack(name), { name, directory })
  const launcher = path.join(directory, 'node_modules/@taskvault/cli/bin/taskvault.js')
  const words = [launcher, 'serve', '--port', '0', '--data', 'data', '--json']
  const env = { PATH: process.env['PATH'], HOME: directory }

  const child = spawn(process.execPath, words, { cwd: directory, env, stdio: 'pipe' })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = once(child, 'exit')
  const [said] = await Promise.race([once(child.stdout, 'data'), ended])
  const { url, adminKey } = JSON.parse(String(said)) as { url: string; adminKey: string }
  const answer = await fetch(`${url}/v1/stats`, {
    headers: { authorization: `Bearer ${adminKey}` },
  })
  child.kill('SIGTERM')

  expect(answer.status).toBe(200)
  expect(await ended).toEqual([0, null])
})

/** Lays a packed package where Node finds it, with what it needs besides our own. */
function install(
  { contents, manifest }: Packed,
  { name, directory }: { readonly name: string; readonly directory: string },
): void {
  const modules = path.join(directory, 'node_modules')
  cpSync(contents, path.join(modules, '@taskvault', name), { recursive: true })
  for (const library of neededBy(manifest)) {
    const from = path.join(ROOT, 'packages', name, 'node_modules', library)
    const to = path.join(modules, library)
    if (library.startsWith('@taskvault/') || !existsSync(from) || existsSync(to)) continue
    mkdirSync(path.dirname(to), { recursive: true })
    symlinkSync(realpathSync(from), to)
  }
}

function ownPackagesOf(manifest: Packed['manifest']): readonly string[] {
  return neededBy(manifest).filter((name) => name.startsWith('@taskvault/'))
}

function neededBy(manifest: Packed['manifest']): readonly string[] {
  return Object.keys({
    ...asRecord(manifest['dependencies']),
    ...asRecord(manifest['optionalDependencies']),
  })
}

interface Packed {
  /** Relative to the package. */
  readonly files: readonly string[]
  readonly manifest: Readonly<Record<string, unknown>>
  /** Where it was unpacked; absolute. */
  readonly contents: string
}

/** Makes the tarball that would be published, and unpacks it. */
function pack(name: string): Packed {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'taskvault-packed-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const tarball = path.join(directory, 'package.tgz')
  run(
    path.join(ROOT, 'node_modules/.bin/pnpm'),
    ['pack', '--out', tarball],
    path.join(ROOT, 'packages', name),
  )
  const files = run('tar', ['-xzvf', tarball], directory).trim().split('\n')
  const text = readFileSync(path.join(directory, 'package/package.json'), 'utf8')
  return {
    files: files.map((file) => file.replace(/^package\//, '')),
    manifest: asRecord(JSON.parse(text)),
    contents: path.join(directory, 'package'),
  }
}

function run(program: string, words: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(program, words, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stdout}${stderr}`)
  return stdout
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
