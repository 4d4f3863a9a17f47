import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ensureDirectory } from './ensure-directory.ts'

let root = ''

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ensure-directory-'))
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

test('all that is missing is made, with the mode that is asked for, and may be there already', () => {
  const deep = join(root, 'a', 'b', 'c')

  ensureDirectory(deep, 0o700)
  ensureDirectory(deep, 0o700)

  expect(statSync(deep).isDirectory()).toBe(true)
  expect(statSync(join(root, 'a')).mode & 0o777).toBe(0o700)
})

test('a link to a directory is one', () => {
  symlinkSync(root, join(root, 'link'))

  ensureDirectory(join(root, 'link'))
  ensureDirectory(join(root, 'link', 'below'))

  expect(existsSync(join(root, 'below'))).toBe(true)
})

test.skipIf(process.platform === 'win32').each([
  ['a file', 'file', 'EEXIST'],
  ['below a file', 'file/below', 'ENOTDIR'],
  ['a link to nothing', 'link', 'EEXIST'],
  ['below a link to nothing', 'link/a/b', 'EEXIST'],
])('%s is refused', (_, name, code) => {
  writeFileSync(join(root, 'file'), '')
  symlinkSync(join(root, 'nowhere'), join(root, 'link'))

  expect(() => ensureDirectory(join(root, name))).toThrow(expect.objectContaining({ code }))
})

test.skipIf(process.platform !== 'linux')('where none can be made, that is said at once', () => {
  expect(() => ensureDirectory('/proc/taskvault/cache')).toThrow(
    expect.objectContaining({ code: 'ENOENT' }),
  )
})
