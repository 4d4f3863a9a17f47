import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
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
      'dist/restore-worker.mjs',
    ]),
  )
  expect(files.filter((file) => file.startsWith('src/'))).toEqual([])
  expect(manifest['exports']).toMatchObject({ '.': './dist/index.mjs' })
})

test('the command is packed with its launcher and bundle, and needs nothing of the workspace', () => {
  const { files, manifest } = pack('cli')

  expect(files).toEqual(
    expect.arrayContaining([
      'LICENSE',
      'bin/taskvault.js',
      'bin/package.json',
      'dist/bin.cjs',
      'dist/restore-worker.cjs',
    ]),
  )
  expect(files.filter((file) => file.startsWith('src/'))).toEqual([])
  const needed = {
    ...asRecord(manifest['dependencies']),
    ...asRecord(manifest['optionalDependencies']),
  }
  expect(Object.keys(needed).filter((name) => name.startsWith('@taskvault/'))).toEqual([])
})

interface Packed {
  /** Relative to the package. */
  readonly files: readonly string[]
  readonly manifest: Readonly<Record<string, unknown>>
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
