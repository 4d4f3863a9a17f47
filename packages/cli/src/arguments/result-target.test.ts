import { execFileSync } from 'node:child_process'
import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  symlinkSync,
} from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { createProject, runMain } from '../testing/run-main.ts'
import type { Ran } from '../testing/run-main.ts'

describe('a target that would take more with it than itself is refused, and nothing is touched', () => {
  test.each([
    ['nothing, as of a variable that is not set', '', 64],
    ['the working directory', '.', 73],
    ['the working directory by its path', 'sub/..', 73],
    ['the directory above', '..', 73],
    ['the directory of the cache', '.taskvault', 73],
    ['the cache', '.taskvault/cache', 73],
    ['a file of the cache', '.taskvault/cache/cache.db', 73],
    ['the project through a link', 'loop/project', 73],
  ])('%s', async (_, output, code) => {
    const { cwd, before } = await createSaved()

    const ran = await get(cwd, output)

    expect(ran).toMatchObject({ code, stdout: '' })
    expect(ran.stderr).toMatch(/^error: .+\nhint: .+\n$/)
    expect(listAll(cwd)).toEqual(before)
  })

  test('the project, from a directory in it', async () => {
    const { cwd } = await createSaved()

    await runMain(['init'], { cwd })
    execFileSync('git', ['init', '--quiet'], { cwd })

    const ran = await runMain(['cache', 'get', 'task', '../input', '..'], {
      cwd: path.join(cwd, 'sub'),
    })

    expect(ran.code).toBe(73)
    expect(readFileSync(path.join(cwd, 'sub', 'precious'), 'utf8')).toBe('p')
  })

  test('a directory, when the result is a file', async () => {
    const { cwd } = await createSaved()

    const ran = await get(cwd, 'sub/')

    expect(ran.code).toBe(73)
    expect(ran.stderr).toContain('is a directory')
    expect(readFileSync(path.join(cwd, 'sub', 'precious'), 'utf8')).toBe('p')
    expect(readdirSync(cwd).filter((name) => name.startsWith('.taskvault-'))).toEqual([])
  })
})

describe.skipIf(process.platform === 'win32')('what is no file is written to, and stays', () => {
  test('a FIFO', async () => {
    const { cwd } = await createSaved()
    const fifo = path.join(cwd, 'fifo')
    execFileSync('mkfifo', [fifo])
    const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const ran = await get(cwd, 'fifo')

      const bytes = Buffer.alloc(100)
      expect(bytes.toString('utf8', 0, readSync(reader, bytes))).toBe('the result')
      expect(ran).toMatchObject({ code: 0, stderr: '✓ Cache hit for task (size: 10 bytes)\n' })
      expect(lstatSync(fifo).isFIFO()).toBe(true)
    } finally {
      closeSync(reader)
    }
  })

  test('a link to a device', async () => {
    const { cwd } = await createSaved()
    symlinkSync('/dev/null', path.join(cwd, 'discarded'))

    const ran = await get(cwd, 'discarded')

    expect(ran.code).toBe(0)
    expect(lstatSync(path.join(cwd, 'discarded')).isSymbolicLink()).toBe(true)
    expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true)
  })

  test.runIf(process.platform === 'linux')('a device that takes nothing is a failure', async () => {
    const { cwd } = await createSaved()

    const ran = await get(cwd, '/dev/full')

    expect(ran).toMatchObject({ code: 74, stdout: '' })
    expect(ran.stderr).toContain('Could not write the result')
  })

  test.runIf(process.platform === 'linux')(
    'standard output by the name of its descriptor',
    async () => {
      const { cwd } = await createSaved()

      const ran = await get(cwd, '/proc/self/fd/1')

      expect(ran).toMatchObject({ code: 0, stdout: 'the result' })
    },
  )
})

async function createSaved(): Promise<{ cwd: string; before: readonly string[] }> {
  const parent = createProject({
    'project/input': 'i',
    'project/output': 'the result',
    'project/sub/precious': 'p',
  })
  const cwd = path.join(parent, 'project')
  symlinkSync(parent, path.join(cwd, 'loop'))
  await runMain(['cache', 'save', 'task', 'input', 'output'], { cwd })
  return { cwd, before: listAll(cwd) }
}

async function get(cwd: string, output: string): Promise<Ran> {
  return await runMain(['cache', 'get', 'task', 'input', output], { cwd })
}

function listAll(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => !/cache\.db-/.test(name))
    .toSorted()
}
