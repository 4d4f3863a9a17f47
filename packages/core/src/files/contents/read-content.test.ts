import { execFileSync } from 'node:child_process'
import { lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { sha256 } from '../../hashing/sha256.ts'
import { readSeen, runToEnd } from './read-content.ts'
import type { SeenFile } from './read-content.ts'

let file: string

beforeEach(() => {
  const directory = mkdtempSync(join(tmpdir(), 'taskvault-read-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  file = join(directory, 'file')
  writeFileSync(file, 'before')
})

describe('a file that was looked at and then became', () => {
  test.each(['', 'b', 'longer than before', 'x'.repeat(3_000_000)])(
    'another of other bytes: those are what counts (%#)',
    (content) => {
      const seen = look()

      writeFileSync(file, content)

      expect(read(seen)).toEqual(digestOf(content))
    },
  )

  test('another of as many bytes: the same', () => {
    const seen = { ...look(), isSame: () => false }

    writeFileSync(file, 'beFORE')

    expect(read(seen)).toEqual(digestOf('beFORE'))
  })

  test.each([
    ['a directory', () => mkdirSync(file), 'INPUT_CHANGED'],
    ['a symlink', () => symlinkSync('/etc/hostname', file), 'INPUT_UNREADABLE'],
    ['nothing', () => {}, 'INPUT_UNREADABLE'],
  ])('%s is an error', (_, replace, code) => {
    const seen = look()
    rmSync(file)
    replace()

    expect(() => read(seen)).toThrow(expect.objectContaining({ code }))
  })

  test.skipIf(process.platform === 'win32')('a pipe is an error, and not waited for', () => {
    const seen = look()
    rmSync(file)
    execFileSync('mkfifo', [file])

    expect(() => read(seen)).toThrow(expect.objectContaining({ code: 'INPUT_CHANGED' }))
  })
})

test('a file that says that it is empty is read all the same', () => {
  expect(read({ sizeBytes: 0, isSame: () => true })).toEqual(digestOf('before'))
})

function look(): SeenFile {
  const seen = lstatSync(file)
  const isSame = (now: Stats): boolean =>
    now.ino === seen.ino && now.size === seen.size && now.ctimeMs === seen.ctimeMs
  return { sizeBytes: seen.size, isSame }
}

function read(seen: SeenFile): Buffer {
  return runToEnd(readSeen(file, seen, { algorithm: sha256, sink: undefined })).digest
}

function digestOf(content: string): Buffer {
  return sha256.hash(Buffer.from(content))
}
