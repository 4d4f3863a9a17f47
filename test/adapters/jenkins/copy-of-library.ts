import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'
import { LIBRARY } from './open-jenkins.ts'

/** The library with a text of one of its files replaced, until the test ends. */
export function copyOfLibrary(text: string, replacement: string): string {
  const copy = mkdtempSync(path.join(os.tmpdir(), 'taskvault-library-'))
  onTestFinished(() => rmSync(copy, { recursive: true, force: true }))
  for (const folder of ['src', 'vars']) {
    cpSync(path.join(LIBRARY, folder), path.join(copy, folder), { recursive: true })
  }
  const file = globSync('**/*.groovy', { cwd: copy })
    .map((name) => path.join(copy, name))
    .find((name) => readFileSync(name, 'utf8').includes(text))
  if (file === undefined) throw new Error(`The library does not contain ${text}`)
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace(text, () => replacement),
  )
  return copy
}
