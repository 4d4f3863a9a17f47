import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { waitUntil } from './services/wait-until.ts'

test('what was started ends, and is cleared away, when its starter is killed', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'taskvault-tied-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const script = `
    import { startTied } from ${JSON.stringify(join(import.meta.dirname, 'services/tied-process.ts'))}
    const tied = await startTied({
      command: ['sleep', '300'],
      directory: ${JSON.stringify(directory)},
    })
    console.log(tied.pid)
    setInterval(() => {}, 1_000)`
  const starter = spawn(process.execPath, ['--input-type=module', '-e', script])
  const [line] = (await once(createInterface({ input: starter.stdout }), 'line')) as [string]
  expect(isRunning(Number(line))).toBe(true)

  starter.kill('SIGKILL')

  const isGone = (): boolean => !isRunning(Number(line)) && !existsSync(directory)
  await waitUntil(isGone, { timeoutMs: 20_000, tell: () => `${line} still runs` })
})

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
