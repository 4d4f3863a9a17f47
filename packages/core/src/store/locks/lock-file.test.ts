import { execFileSync, fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { acquireLock, loadOpener, tryLock } from './lock-file.ts'

test('is held by one at a time, across processes', async () => {
  const lockPath = newLockPath()
  const counter = path.join(path.dirname(lockPath), 'inside')
  const processes = Array.from({ length: 6 }, () => startContender(lockPath, counter))

  const overlaps = await Promise.all(
    processes.map(async (child) => (await once(child, 'message'))[0] as number),
  )

  expect(overlaps).toEqual([0, 0, 0, 0, 0, 0])
})

test('the processes of the test above do overlap without a lock', async () => {
  const counter = newLockPath()
  const processes = Array.from({ length: 6 }, () => startContender('', counter))

  const overlaps = await Promise.all(
    processes.map(async (child) => (await once(child, 'message'))[0] as number),
  )

  expect(overlaps.some((count) => count > 0)).toBe(true)
})

test('is held by one at a time, within a process', async () => {
  const lockPath = newLockPath()
  let inside = 0
  const enter = async (): Promise<void> => {
    await using _lock = await acquireLock(lockPath)
    inside += 1
    expect(inside).toBe(1)
    await new Promise(setImmediate)
    inside -= 1
  }

  await Promise.all(Array.from({ length: 8 }, enter))
})

test('is free at once when its holder is killed', async () => {
  const lockPath = newLockPath()
  // Loaded before, so that nothing but the lock makes acquireLock wait.
  await import('node:sqlite')
  const tookMs: number[] = []
  let wasFree = false

  // The quickest counts: a machine may stand still in any of them.
  for (let round = 0; round < 3; round += 1) {
    const holder = await startHolder(lockPath)
    const waiting = acquireLock(lockPath)
    void waiting.then(() => (wasFree ||= !holder.killed))
    await new Promise(setImmediate)
    holder.kill('SIGKILL')
    const killedAt = performance.now()
    await using _lock = await waiting
    tookMs.push(performance.now() - killedAt)
  }

  expect(Math.min(...tookMs)).toBeLessThan(500)
  expect(wasFree).toBe(false)
})

test('a file that a dead holder left behind does not matter', async () => {
  const lockPath = newLockPath()
  const holder = await startHolder(lockPath)
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  expect(existsSync(lockPath)).toBe(true)

  const attempt = tryLock(lockPath, loadOpener())

  expect(attempt.kind).toBe('held')
  if (attempt.kind === 'held') attempt.database.close()
})

test('who waits for more than a second is told once', async () => {
  const lockPath = newLockPath()
  const held = await acquireLock(lockPath)
  const notices: number[] = []
  const startedAt = performance.now()

  const noticed = new Promise<void>((resolve) => {
    const onWait = (): void => {
      notices.push(performance.now() - startedAt)
      resolve()
    }
    void acquireLock(lockPath, { onWait }).then((lock) => lock[Symbol.asyncDispose]())
  })
  await noticed
  await held[Symbol.asyncDispose]()

  expect(notices).toHaveLength(1)
  expect(notices[0]).toBeGreaterThanOrEqual(1000)
})

test('waiting ends with the signal that is given', async () => {
  const lockPath = newLockPath()
  await using _held = await acquireLock(lockPath)
  const controller = new AbortController()
  const waiting = acquireLock(lockPath, { signal: controller.signal })

  controller.abort(new Error('enough'))

  await expect(waiting).rejects.toThrow()
})

test('a place where no file can be is a failure with a code', async () => {
  const lockPath = newLockPath()
  writeFileSync(path.join(path.dirname(lockPath), 'file'), '')

  await expect(
    acquireLock(path.join(path.dirname(lockPath), 'file', 'lock')),
  ).rejects.toMatchObject({
    name: 'TaskVaultError',
  })
})

test.skipIf(process.platform === 'win32')('a place where nothing may be written says so', () => {
  const lockPath = newLockPath()
  chmodSync(path.dirname(lockPath), 0o555)
  const script = `
    const { acquireLock } = await import(${JSON.stringify(path.join(import.meta.dirname, 'lock-file.ts'))})
    await acquireLock(${JSON.stringify(lockPath)}).catch((error) => process.stdout.write(error.code + error.message))`

  const failure = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    cwd: '/',
    // Modes do not bind root.
    ...(process.getuid?.() === 0 && { uid: 65_534, gid: 65_534 }),
  })

  expect(failure).toMatch(`PERMISSION_DENIEDCould not lock ${lockPath}: EACCES`)
})

function newLockPath(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'taskvault-lock-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return path.join(directory, 'lock')
}

/** A process that enters a few times, and tells how often it found somebody else inside. */
function startContender(lockPath: string, counter: string): ChildProcess {
  return startScript(
    `
    const { acquireLock } = await import(${JSON.stringify(path.join(import.meta.dirname, 'lock-file.ts'))})
    const { appendFileSync, readFileSync, writeFileSync } = await import('node:fs')
    const { setTimeout: delay } = await import('node:timers/promises')
    const [lockPath, counter] = process.argv.slice(2)
    let overlaps = 0
    for (let round = 0; round < 5; round += 1) {
      const lock = lockPath === '' ? undefined : await acquireLock(lockPath)
      writeFileSync(counter, String(process.pid))
      await delay(10)
      if (readFileSync(counter, 'utf8') !== String(process.pid)) overlaps += 1
      await lock?.[Symbol.asyncDispose]()
      await delay(1)
    }
    process.send(overlaps)
    `,
    [lockPath, counter],
  )
}

async function startHolder(lockPath: string): Promise<ChildProcess> {
  const holder = startScript(
    `
    const { acquireLock } = await import(${JSON.stringify(path.join(import.meta.dirname, 'lock-file.ts'))})
    globalThis.lock = await acquireLock(process.argv[2])
    process.send('held')
    setInterval(() => {}, 1000)
    `,
    [lockPath],
  )
  await once(holder, 'message')
  return holder
}

function startScript(script: string, args: readonly string[]): ChildProcess {
  const directory = mkdtempSync(path.join(tmpdir(), 'taskvault-script-'))
  const file = path.join(directory, 'script.mjs')
  writeFileSync(file, script)
  const child = fork(file, [...args])
  onTestFinished(() => {
    child.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  })
  return child
}
