import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { LIBRARY } from './open-jenkins.ts'

/** The library with its step changed, until the test ends. */
export function copyOfLibrary(change: (text: string) => string): string {
  const copy = mkdtempSync(path.join(os.tmpdir(), 'taskvault-library-'))
  onTestFinished(() => rmSync(copy, { recursive: true, force: true }))
  for (const folder of ['src', 'vars']) {
    cpSync(path.join(LIBRARY, folder), path.join(copy, folder), { recursive: true })
  }
  const file = path.join(copy, 'vars/taskvaultCache.groovy')
  const text = readFileSync(file, 'utf8')
  const changed = change(text)
  expect(changed).not.toBe(text)
  writeFileSync(file, changed)
  return copy
}
