import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { expect, onTestFinished, test } from 'vitest'
import { runGit, startGit } from './run-git.ts'

test('what git says went wrong is told on one line, without its advice', async () => {
  const workTree = mkdtempSync(join(tmpdir(), 'taskvault-git-'))
  onTestFinished(() => rmSync(workTree, { recursive: true }))
  execFileSync('git', ['init', '--quiet'], { cwd: workTree })
  const options = { workTree, project: workTree, env: process.env }
  const failure = {
    code: 'GIT_FAILED',
    message:
      "git log nosuch failed: fatal: ambiguous argument 'nosuch': unknown revision or path not in the working tree.",
  }

  expect(() => runGit(['log', 'nosuch'], options)).toThrow(expect.objectContaining(failure))
  await expect(startGit(['log', 'nosuch'], options).finish()).rejects.toMatchObject(failure)
})
