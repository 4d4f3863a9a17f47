import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { renameWritten } from './rename-written.ts'

test.each(['EPERM', 'EBUSY', 'EACCES'])('on Windows, what %s holds is tried again', (code) => {
  const { from, to, directory } = writeOne()

  renameWritten(from, to, { platform: 'win32', rename: failing(code, 3) })

  expect(readdirSync(directory)).toEqual(['to'])
})

test.each<[NodeJS.Platform, string, number]>([
  ['win32', 'ENOENT', 1],
  ['win32', 'EPERM', 7],
  ['linux', 'EPERM', 1],
])('on %s, %s is told after %i attempts', (platform, code, attempts) => {
  const { from, to } = writeOne()
  let calls = 0
  const rename = (): never => {
    calls += 1
    throw Object.assign(new Error('refused'), { code })
  }

  expect(() => renameWritten(from, to, { platform, rename })).toThrow('refused')
  expect(calls).toBe(attempts)
})

function writeOne(): { from: string; to: string; directory: string } {
  const directory = mkdtempSync(join(tmpdir(), 'rename-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const from = join(directory, 'from')
  writeFileSync(from, 'x')
  return { from, to: join(directory, 'to'), directory }
}

/** Renames, after so many failures. */
function failing(code: string, times: number): typeof renameSync {
  let left = times
  return (from, to) => {
    left -= 1
    if (left >= 0) throw Object.assign(new Error('refused'), { code })
    renameSync(from, to)
  }
}
