import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { requireDirectory } from './read-directory.ts'

/*
 * `node scripts/build-jenkins-library.ts DIRECTORY` writes there what is published for Jenkins: a
 * repository as it expects one of a shared library, with vars/ and src/ at its root. The tests stay
 * here, and links of the README lead here.
 */

const ROOT = path.resolve(import.meta.dirname, '..')
const SOURCE = path.join(ROOT, 'jenkins-library')
const REPOSITORY = 'https://github.com/taskvault/taskvault/tree/main/jenkins-library'
const FOLDERS = ['src', 'vars']

/** Writes the library to `directory`, in place of one that is there; anything else there stays. */
export function writeJenkinsLibrary(directory: string): void {
  mkdirSync(directory, { recursive: true })
  for (const folder of FOLDERS) {
    rmSync(path.join(directory, folder), { recursive: true, force: true })
    cpSync(path.join(SOURCE, folder), path.join(directory, folder), { recursive: true })
  }
  const readme = readFileSync(path.join(SOURCE, 'README.md'), 'utf8')
  writeFileSync(
    path.join(directory, 'README.md'),
    readme.replaceAll('](test/', `](${REPOSITORY}/test/`),
  )
  cpSync(path.join(ROOT, 'LICENSE'), path.join(directory, 'LICENSE'))
}

if (import.meta.main) {
  const directory = requireDirectory('node scripts/build-jenkins-library.ts DIRECTORY')
  writeJenkinsLibrary(path.resolve(directory))
}
