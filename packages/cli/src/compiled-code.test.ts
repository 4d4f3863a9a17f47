import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

const LOADER = path.join(import.meta.dirname, '../bin/compiled-code.js')
const CHUNKS = {
  'start.cjs': 'const { add } = require("./core.cjs"); exports.run = () => add(1, 2)',
  'core.cjs': 'exports.add = (left, right) => { return left + right }',
  'late.cjs': 'exports.name = __filename.slice(-8)',
}

test('what a process compiled is kept, and serves the next ones as it is', () => {
  const bundle = createBundle()

  expect(run(bundle, 'load("./start.cjs").run()')).toBe('3')
  const first = statSync(bundle.file)

  expect(run(bundle, 'load("./start.cjs").run()')).toBe('3')
  expect(identityOf(bundle)).toEqual([first.ino, first.size])
  expect(first.mode & 0o777).toBe(process.platform === 'win32' ? 0o666 : 0o600)
})

test.each([
  ['calls another chunk', 'load("./start.cjs").run() + load("./late.cjs").name', '3late.cjs'],
  ['ends with another code', '(process.exitCode = 1) && load("./start.cjs").run()', '3'],
])('it is kept anew, once, by a process that %s', (_, script, output) => {
  const bundle = createBundle()
  run(bundle, 'load("./start.cjs").run()')
  const [before] = identityOf(bundle)

  expect(run(bundle, script)).toBe(output)
  const after = identityOf(bundle)

  expect(after[0]).not.toBe(before)
  expect([run(bundle, script), run(bundle, 'load("./start.cjs").run()')]).toEqual([output, '3'])
  expect(identityOf(bundle)).toEqual(after)
})

test('a chunk that was replaced by one of the same size and time is what runs', () => {
  const bundle = createBundle()
  run(bundle, 'load("./start.cjs").run()')
  const core = path.join(bundle.directory, 'core.cjs')
  const { atime, mtime } = statSync(core)
  writeFileSync(core, CHUNKS['core.cjs'].replace('+', '*'))
  utimesSync(core, atime, mtime)

  expect(run(bundle, 'load("./start.cjs").run()')).toBe('2')
  expect(run(bundle, 'load("./start.cjs").run()')).toBe('2')
})

test('kept code that is damaged anywhere, or of another kind, is not run', () => {
  const bundle = createBundle()
  run(bundle, 'load("./start.cjs").run()')
  const whole = readFileSync(bundle.file)
  const damaged = [
    Buffer.alloc(0),
    Buffer.alloc(whole.length),
    whole.subarray(0, whole.length - 1),
    Buffer.from('taskvault-code 2\n'),
    ...[3, 20, 60, 400, whole.length - 5].map((at) => {
      const copy = Buffer.from(whole)
      copy.writeUInt8(copy.readUInt8(at) ^ 0x10, at)
      return copy
    }),
  ]

  for (const bytes of damaged) {
    writeFileSync(bundle.file, bytes)
    expect(run(bundle, 'load("./start.cjs").run()')).toBe('3')
    expect(readFileSync(bundle.file).subarray(0, 17)).toEqual(whole.subarray(0, 17))
    expect(readFileSync(bundle.file).equals(bytes)).toBe(false)
  }
})

test('who keeps something removes the oldest of what is too much, and nothing else does', () => {
  const bundle = createBundle()
  run(bundle, 'load("./start.cjs").run()')
  const kept = path.dirname(bundle.file)
  const older = createLargeFile(path.join(kept, 'of-another-node', 'older'), 40, 2)
  const newer = createLargeFile(path.join(kept, 'newer'), 40, 1)

  run(bundle, 'load("./start.cjs").run()')
  expect([older, newer].map((file) => existsSync(file))).toEqual([true, true])

  run(bundle, 'load("./start.cjs").run() + load("./late.cjs").name')
  expect([older, newer].map((file) => existsSync(file))).toEqual([false, true])
  expect(existsSync(bundle.file)).toBe(true)
})

test('where nothing can be kept, it works all the same', () => {
  const bundle = createBundle()
  writeFileSync(path.join(bundle.directory, 'a-file'), '')
  const file = path.join(bundle.directory, 'a-file', 'kept')

  expect(run({ ...bundle, file }, 'load("./start.cjs").run()')).toBe('3')
  expect(run({ ...bundle, file: undefined }, 'load("./start.cjs").run()')).toBe('3')
})

test.skipIf(process.platform !== 'linux')('a place where nothing can be made is none', () => {
  const bundle = { ...createBundle(), file: '/proc/taskvault/code' }
  install(bundle)

  expect(run(bundle, 'load("./start.cjs").run()')).toBe('3')
  expect(run(bundle, 'load("installed").found')).toBe('installed')
})

test('a chunk can load what is installed beside it, and its stack names its own lines', () => {
  const bundle = createBundle()
  install(bundle)
  writeChunks(bundle.directory, {
    'start.cjs': `\nexports.find = () => require('installed').found
exports.fail = () => { throw new Error('here') }`,
  })

  expect(run(bundle, 'load("./start.cjs").find()')).toBe('installed')
  const script = 'try { load("./start.cjs").fail() } catch (error) { error.stack }'
  expect(run(bundle, `eval(${JSON.stringify(script)})`)).toContain('start.cjs:3:')
})

interface Bundle {
  readonly directory: string
  readonly file: string | undefined
}

function createBundle(): Bundle & { readonly file: string } {
  const directory = mkdtempSync(path.join(tmpdir(), 'taskvault-code-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  writeChunks(directory, CHUNKS)
  return { directory, file: path.join(directory, 'kept', 'code') }
}

/** Puts a package beside the chunks. */
function install({ directory }: Bundle): void {
  const installed = path.join(directory, 'node_modules', 'installed')
  mkdirSync(installed, { recursive: true })
  writeFileSync(path.join(installed, 'index.mjs'), 'export const found = "installed"')
  writeFileSync(
    path.join(installed, 'package.json'),
    '{ "name": "installed", "main": "index.mjs" }',
  )
}

function writeChunks(directory: string, chunks: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(chunks)) writeFileSync(path.join(directory, name), text)
}

/** What the expression comes to in a process of its own. */
function run({ directory, file }: Bundle, expression: string): string {
  const script = `const { createLoader } = require(${JSON.stringify(LOADER)})
    const load = createLoader(${JSON.stringify(directory)}, ${JSON.stringify(file)})
    Promise.resolve(${expression}).then((value) => process.stdout.write(String(value)))`
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  expect(stderr).toBe('')
  return stdout
}

function createLargeFile(file: string, megabytes: number, ageDays: number): string {
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, '')
  truncateSync(file, megabytes * 2 ** 20)
  const time = Date.now() / 1000 - ageDays * 24 * 3600
  utimesSync(file, time, time)
  return file
}

function identityOf({ file }: { readonly file: string }): [number, number] {
  const { ino, size } = statSync(file)
  return [ino, size]
}
