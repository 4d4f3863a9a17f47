import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { findExecutable } from './find-executable.ts'

test('takes the first folder of PATH that has the command', () => {
  const [first, second] = [folderWith('tool', 0o755), folderWith('tool', 0o755)]

  const found = findExecutable('tool', {
    directory: '/',
    env: { PATH: `/nowhere:${first}:${second}` },
  })

  expect(found).toBe(path.join(first, 'tool'))
})

test('passes by what may not be executed', () => {
  const [first, second] = [folderWith('tool', 0o644), folderWith('tool', 0o755)]

  const found = findExecutable('tool', { directory: '/', env: { PATH: `${first}:${second}` } })

  expect(found).toBe(path.join(second, 'tool'))
})

test('takes a path with a slash from where the command runs', () => {
  const folder = folderWith('tool', 0o755)

  expect(findExecutable('./tool', { directory: folder, env: {} })).toBe(path.join(folder, 'tool'))
})

test('tells what is not there from what may not be run', () => {
  const folder = folderWith('tool', 0o644)

  expect(() => findExecutable('no-such-tool', { directory: '/', env: { PATH: folder } })).toThrow(
    expect.objectContaining({ code: 'COMMAND_NOT_FOUND' }),
  )
  expect(() => findExecutable('tool', { directory: '/', env: { PATH: folder } })).toThrow(
    expect.objectContaining({ code: 'PERMISSION_DENIED' }),
  )
})

function folderWith(name: string, mode: number): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'taskvault-path-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(path.join(folder, name), '#!/bin/sh\n', { mode })
  return folder
}
