import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import packageFile from '../packages/cli/package.json' with { type: 'json' }
import { requireDirectory } from './read-directory.ts'

/*
 * Builds the tree of the repository that hook managers clone: `node scripts/release-hooks.ts DIRECTORY`.
 * That is hooks/ with the licence, a README whose links lead back here, and an example that names the
 * version of the command as the tag to use.
 */

const ROOT = path.join(import.meta.dirname, '..')
const REPOSITORY = 'https://github.com/taskvault/taskvault/blob/main'

const target = requireDirectory('node scripts/release-hooks.ts DIRECTORY')
for (const relativePath of listTracked('hooks'))
  copyTo(path.join(target, relativePath), relativePath)
copyFileSync(path.join(ROOT, 'LICENSE'), path.join(target, 'LICENSE'))

/** Files below a folder of this repository that git knows, relative to that folder. */
function listTracked(folder: string): readonly string[] {
  const words = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const listed = execFileSync('git', words, { cwd: path.join(ROOT, folder), encoding: 'utf8' })
  return listed.split('\0').filter((name) => name !== '')
}

function copyTo(absolutePath: string, relativePath: string): void {
  const source = path.join(ROOT, 'hooks', relativePath)
  mkdirSync(path.dirname(absolutePath), { recursive: true })
  const text = readFileSync(source, 'utf8')
    .replaceAll('](../', `](${REPOSITORY}/`)
    .replace('rev: v0.0.0', `rev: v${packageFile.version}`)
  writeFileSync(absolutePath, text)
  chmodSync(absolutePath, statSync(source).mode)
}
