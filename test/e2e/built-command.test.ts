import { spawnSync } from 'node:child_process'
import type { SpawnSyncReturns } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { expect, onTestFinished, test } from 'vitest'
import { openRig } from '../rig/rig.ts'
import type { Rig } from '../rig/rig.ts'

const PACKAGE = path.resolve(import.meta.dirname, '../../packages/cli')

test('the built command finds the worker that unpacks many files', async () => {
  await using rig = openRigWithTree()

  await rig.taskvault(['cache', 'save', 'install', 'package.json', 'tree'])
  rig.remove('tree')
  const got = await rig.taskvault(['cache', 'get', 'install', 'package.json', 'tree'])

  expect(got).toMatchObject({ exitCode: 0, stderr: '' })
  expect(readTree(rig)).toEqual(treeFiles())
})

test('without the worker beside the bundle, many files are not restored', async () => {
  await using rig = openRigWithTree()
  const copy = copyPackage('dist/restore-worker.cjs')

  await rig.taskvault(['cache', 'save', 'install', 'package.json', 'tree'])
  rig.remove('tree')
  const words = ['cache', 'get', 'install', 'package.json', 'tree']
  const got = await rig.run([process.execPath, path.join(copy, 'bin/taskvault.js'), ...words])

  expect(got.exitCode).not.toBe(0)
  expect(rig.has('tree')).toBe(false)
})

// With one processor, there is none.
test.runIf(os.availableParallelism() > 1)(
  'the built command has a thread read ahead where there is much to read',
  async () => {
    await using rig = openRigWithTree()
    const tellsOfThreads = `process.on('worker', () => console.error('a thread'))`
    const hook = `--import=data:text/javascript,${encodeURIComponent(tellsOfThreads)}`
    const hash = async (copy: string) =>
      await rig.run([process.execPath, hook, path.join(copy, 'bin/taskvault.js'), 'hash', 'tree'])

    const withThread = await hash(PACKAGE)
    const without = await hash(copyPackage('dist/read-ahead-worker.cjs'))

    expect(withThread).toMatchObject({ exitCode: 0, stderr: 'a thread\n' })
    expect(without).toMatchObject({ exitCode: 0, stderr: '', stdout: withThread.stdout })
  },
)

test('a package that is not built says so', () => {
  const copy = copyPackage('dist')

  const { status, stderr } = launch(copy)

  expect(status).toBe(69)
  expect(stderr).toMatch(/not built/)
})

test('an older Node is told which one is needed', () => {
  const olderNode = `Object.defineProperties(process, {
    version: { value: 'v20.20.2' }, versions: { value: { node: '20.20.2' } } })`

  const { status, stderr } = launch(
    PACKAGE,
    `data:text/javascript,${encodeURIComponent(olderNode)}`,
  )

  expect(status).toBe(69)
  expect(stderr).toMatch(/needs Node 24 or later, and this is v20.20.2/)
})

test('a hit loads none of the parts of Node that take longest to start', async () => {
  await using rig = openRig({ 'input.txt': 'content', 'output.txt': 'result' })
  await rig.taskvault(['cache', 'save', 'task', 'input.txt', 'output.txt'])
  const listing = `process.on('exit', () => process.stdout.write(process.moduleLoadList.join()))`
  const preload = `data:text/javascript,${encodeURIComponent(listing)}`

  const command = path.join(PACKAGE, 'bin/taskvault.js')
  const words = ['cache', 'get', 'task', 'input.txt', 'output.txt']
  const got = await rig.run([process.execPath, '--import', preload, command, ...words])

  expect(got.exitCode).toBe(0)
  const loaded = got.stdout.split(',').map((name) => name.replace('NativeModule ', ''))
  expect(loaded).toContain('sqlite')
  for (const name of ['child_process', 'worker_threads', 'readline', 'http', 'crypto', 'v8'])
    expect(loaded).not.toContain(name)
  expect(loaded).not.toContain('internal/tls/wrap')
})

test('nothing but the bundle is needed to start', () => {
  // Outside of the workspace, so that no package can be found by chance.
  const { status, stdout } = launch(copyPackage())

  expect(status).toBe(0)
  expect(stdout).toMatch(/^Usage: taskvault /)
})

/** Contents that fill several frames of a pack, in more files than one thread unpacks. */
function treeFiles(): Readonly<Record<string, string>> {
  const names = Array.from({ length: 1200 }, (_, index) => `tree/${index % 40}/${index}.txt`)
  return Object.fromEntries(names.map((name) => [name, name.padStart(4096, `${name} `)]))
}

function openRigWithTree(): Rig {
  return openRig({ 'package.json': '{}', ...treeFiles() })
}

function readTree(rig: Rig): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.keys(treeFiles()).map((name) => [name, rig.read(name)]))
}

/** The package as it is published, but for `missing`. Returns its directory. */
function copyPackage(missing?: string): string {
  const copy = mkdtempSync(path.join(os.tmpdir(), 'taskvault-package-'))
  onTestFinished(() => rmSync(copy, { recursive: true }))
  for (const name of ['bin', 'dist', 'package.json']) {
    cpSync(path.join(PACKAGE, name), path.join(copy, name), { recursive: true })
  }
  if (missing !== undefined) rmSync(path.join(copy, missing), { recursive: true })
  return copy
}

function launch(directory: string, imported?: string): SpawnSyncReturns<string> {
  const flags = imported === undefined ? [] : ['--import', imported]
  const words = [...flags, path.join(directory, 'bin/taskvault.js'), '--help']
  return spawnSync(process.execPath, words, { encoding: 'utf8', cwd: os.tmpdir() })
}
