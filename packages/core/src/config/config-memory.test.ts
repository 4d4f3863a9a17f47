import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { openConfigMemory } from './config-memory.ts'
import { loadSettings } from './load-settings.ts'
import type { LoadedSettings } from './settings.ts'

const CONFIG = `max_size_gb: 2
tasks:
  constructor: { command: npm test, inputs: [src/**], hooks: [pre-commit] }
policies:
  main: { ttl_seconds: never, pre_commit: warn }
  __proto__: { ttl_seconds: 60 }
remote: { url: https://cache.example.com }
`

let project: string

beforeEach(() => {
  project = mkdtempSync(path.join(tmpdir(), 'taskvault-memory-'))
  onTestFinished(() => rmSync(project, { recursive: true }))
  writeFileSync(path.join(project, 'config.yaml'), CONFIG)
})

test('what is remembered is what reading it gives', async () => {
  const read = await load()
  const first = await load('1')

  const remembered = await load('1')

  expect(first).toEqual(read)
  expect(remembered).toEqual(read)
  expect([...remembered.sources]).toEqual([...read.sources])
  expect(Object.keys(remembered.policies)).toEqual(['main', '__proto__'])
  expect(remembered.tasks['toString']).toBeUndefined()
})

test('that it is used shows when it says something else', async () => {
  await load('1')
  tamper()

  expect((await load('1')).tasks['constructor']?.command).toBe('npm run lint')
})

test.each([
  ['another text', () => writeFileSync(path.join(project, 'config.yaml'), `${CONFIG}\n`), '1'],
  ['another version of the program', () => undefined, '2'],
])('%s is read anew', async (_, change, readBy) => {
  await load('1')
  tamper()
  change()

  expect((await load(readBy)).tasks['constructor']?.command).toBe('npm test')
})

test('variables overrule what is remembered, as they overrule the file', async () => {
  await load('1')

  const settings = await load('1', { TASKVAULT_MAX_SIZE_GB: '3' })

  expect(settings.maxSizeBytes).toBe(3 * 2 ** 30)
  expect(settings.sources.get('max_size_gb')).toEqual({
    kind: 'environment',
    name: 'TASKVAULT_MAX_SIZE_GB',
  })
})

test('one that is cut off, or cannot be written, is none', async () => {
  await load('1')
  writeFileSync(memoryFile(), readFileSync(memoryFile(), 'utf8').slice(0, 40))
  const afterDamage = await load('1')
  rmSync(path.join(project, 'memory'), { recursive: true })
  writeFileSync(path.join(project, 'memory'), 'a file')

  expect(afterDamage.tasks).toEqual((await load('1')).tasks)
})

test.skipIf(process.platform === 'win32')('nobody else reads it', async () => {
  await load('1')

  expect(statSync(path.dirname(memoryFile())).mode & 0o777).toBe(0o700)
  expect(statSync(memoryFile()).mode & 0o777).toBe(0o600)
})

test('a configuration with a mistake is not remembered', async () => {
  writeFileSync(path.join(project, 'config.yaml'), 'max_size_gb: no\n')

  for (const _ of [1, 2]) {
    await expect(load('1')).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  }
})

async function load(readBy?: string, env = {}): Promise<LoadedSettings> {
  const directory = path.join(project, 'memory')
  const memory = readBy === undefined ? undefined : openConfigMemory({ directory, readBy })
  return await loadSettings({ cwd: project, configPath: 'config.yaml', env, memory })
}

function memoryFile(): string {
  const [name = ''] = readdirSync(path.join(project, 'memory'))
  return path.join(project, 'memory', name)
}

function tamper(): void {
  const values = readFileSync(memoryFile(), 'utf8').replace(
    '"command":"npm test"',
    '"command":"npm run lint"',
  )
  writeFileSync(memoryFile(), values)
}
