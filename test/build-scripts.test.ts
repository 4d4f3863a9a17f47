import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { expect, test } from 'vitest'

const SCRIPTS = [
  'build-github-action',
  'build-gitlab-templates',
  'build-jenkins-library',
  'build-orb',
  'release-hooks',
]

test.each(SCRIPTS)('%s takes an option for no name of a directory', (script) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'taskvault-script-'))
  try {
    const file = path.join(import.meta.dirname, '../scripts', `${script}.ts`)
    const { status, stderr } = spawnSync(process.execPath, [file, '--help'], {
      cwd: directory,
      encoding: 'utf8',
    })

    expect(stderr).toMatch(new RegExp(`^Usage: node scripts/${script}\\.ts \\[?DIRECTORY\\]?\n$`))
    expect(status).toBe(64)
    expect(readdirSync(directory)).toEqual([])
  } finally {
    rmSync(directory, { recursive: true })
  }
})
