import { execFile, execFileSync } from 'node:child_process'
import path from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { describe } from 'vitest'
import { declareTasks, describeKeys } from './describe-keys.ts'
import type { KeyJob, KeyResult } from './describe-keys.ts'

const CLI = path.resolve(import.meta.dirname, '../../packages/cli/bin/taskvault.js')

/* The git hooks on the cases that all adapters share. They run what is declared, and have no words for a run. */

describe('a git hook', () => {
  describeKeys({ platform: 'hooks', lacks: ['server', 'policy', 'directory'], runJob })
})

async function runJob({ parameters, environment, project }: KeyJob): Promise<KeyResult> {
  const { task, ...declared } = { command: 'npm test', inputs: ['src/**'], ...parameters }
  declareTasks(project, { [task]: { ...declared, hooks: ['pre-commit'] } })
  execFileSync('git', ['add', '-A'], { cwd: project })
  const run = async (...words: string[]): Promise<string> => {
    const all = [CLI, '-C', project, 'hooks', 'run', 'pre-commit', ...words]
    const { stdout, stderr } = await promisify(execFile)(process.execPath, all, {
      env: environment,
    })
    return stdout + stderr
  }
  try {
    const key = /"key": ?"([0-9a-f]{64})"/.exec(await run('--json'))?.[1]
    return { exitCode: 0, output: await run(), key }
  } catch (error) {
    const { code, stdout, stderr } = error as Record<string, unknown>
    return { exitCode: Number(code), output: `${String(stdout)}${String(stderr)}`, key: undefined }
  }
}
