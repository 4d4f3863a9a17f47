import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, rmdirSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { createProject } from './testing/run-main.ts'

const BIN = path.join(import.meta.dirname, 'bin.ts')

describe('as a process', () => {
  test('the exit code and both streams are those of the command', () => {
    const { status, stdout, stderr } = run(
      ['config', 'show', '--config', 'missing.yaml'],
      createProject(),
    )

    expect([status, stdout]).toEqual([78, ''])
    expect(stderr).toBe(
      'error: There is no configuration file missing.yaml\nhint: Run `taskvault init`, or correct `--config` or TASKVAULT_CONFIG.\n',
    )
  })

  test('a reader that has seen enough ends it quietly', async () => {
    // Reading nothing and closing: the first write that does not fit meets a closed pipe.
    const child = spawn('bash', [
      '-c',
      `set -o pipefail; "$0" "$1" completion bash | true`,
      process.execPath,
      BIN,
    ])
    const stderr: Buffer[] = []
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))

    const code = await new Promise((resolve) => child.on('close', resolve))

    expect([code, Buffer.concat(stderr).toString()]).toEqual([0, ''])
  })

  test('a working directory that was deleted is an error with a hint, not a stack', () => {
    const gone = path.join(createProject(), 'gone')
    mkdirSync(gone)
    const script = 'cd "$2"; rmdir "$2"; exec "$0" "$1" config show'

    const { status, stderr } = spawnSync('bash', ['-c', script, process.execPath, BIN, gone], {
      encoding: 'utf8',
    })

    expect(() => rmdirSync(gone)).toThrow('ENOENT')
    expect(stderr).toContain('error: ')
    expect(stderr).toContain('hint: ')
    expect(status).not.toBe(70)
  })
})

function run(
  argv: readonly string[],
  cwd: string,
): { status: number | null; stdout: string; stderr: string } {
  const env = { PATH: process.env['PATH'], HOME: cwd }
  return spawnSync(process.execPath, [BIN, ...argv], { cwd, env, encoding: 'utf8' })
}
