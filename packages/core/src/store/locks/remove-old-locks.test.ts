import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { acquireLock } from './lock-file.ts'
import { removeOldLocks } from './remove-old-locks.ts'

const HOUR_MS = 3_600_000

test('removes the files of locks that nobody has taken for long', async () => {
  const directory = await directoryWithLocks('old', 'older', 'new')
  age(directory, 'old', 2)
  age(directory, 'older', 3)

  removeOldLocks(directory, { now: Date.now(), olderThanMs: HOUR_MS, most: 10 })

  expect(readdirSync(directory)).toEqual(['new'])
})

test('removes no lock that is held, however old', async () => {
  const directory = await directoryWithLocks()
  await using _lock = await acquireLock(path.join(directory, 'held'))
  age(directory, 'held', 2)

  removeOldLocks(directory, { now: Date.now(), olderThanMs: HOUR_MS, most: 10 })

  expect(readdirSync(directory)).toEqual(['held'])
})

test('removes no more than it is asked to, and nothing that is no lock', async () => {
  const directory = await directoryWithLocks('one', 'two', 'three')
  for (const name of ['one', 'two', 'three']) age(directory, name, 2)
  writeFileSync(path.join(directory, 'notes'), 'somebody put this here')
  age(directory, 'notes', 2)

  removeOldLocks(directory, { now: Date.now(), olderThanMs: HOUR_MS, most: 2 })

  expect(readdirSync(directory)).toHaveLength(2)
  expect(readdirSync(directory)).toContain('notes')
})

test('a lock that is removed again and again is still held by one at a time', async () => {
  const directory = await directoryWithLocks()
  let inside = 0
  let isOver = false
  const enter = async (): Promise<void> => {
    for (let round = 0; round < 20; round += 1) {
      await using _lock = await acquireLock(path.join(directory, 'lock'))
      inside += 1
      expect(inside).toBe(1)
      await new Promise(setImmediate)
      inside -= 1
    }
  }
  const sweep = async (): Promise<void> => {
    while (!isOver) {
      removeOldLocks(directory, { now: Date.now(), olderThanMs: -HOUR_MS, most: 10 })
      await new Promise(setImmediate)
    }
  }

  const sweeping = sweep()
  await Promise.all([enter(), enter()])
  isOver = true
  await sweeping
})

async function directoryWithLocks(...names: readonly string[]): Promise<string> {
  const directory = mkdtempSync(path.join(tmpdir(), 'taskvault-locks-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  for (const name of names)
    await (await acquireLock(path.join(directory, name)))[Symbol.asyncDispose]()
  return directory
}

function age(directory: string, name: string, hours: number): void {
  const then = new Date(Date.now() - hours * HOUR_MS)
  utimesSync(path.join(directory, name), then, then)
}
