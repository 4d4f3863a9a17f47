import { expect, test } from 'vitest'
import { openRig } from '../rig/rig.ts'
import { openScriptedCommand } from '../rig/scripted-command.ts'

/* Processes that do the same work at the same time. */

const OPTIONS = ['--input', 'src/**', '--output', 'out.txt']

test('eight processes with the same work do it once', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  await using command = await openScriptedCommand()
  const words = ['taskvault', 'run', 'build', ...OPTIONS, '--', ...command.words]

  const runs = Array.from({ length: 8 }, () => rig.start(words).finished)
  const invocation = await command.next()
  await invocation.write('out.txt', 'made once')
  await invocation.print('stdout', 'the only run\n')
  await invocation.exit(0)
  const finished = await Promise.all(runs)

  expect(finished.map((run) => run.exitCode)).toEqual(Array(8).fill(0))
  expect(finished.map((run) => run.stdout)).toEqual(Array(8).fill('the only run\n'))
  expect(finished.filter((run) => run.stderr.includes('✓ build: saved'))).toHaveLength(1)
  expect(command.count).toBe(1)
})

test('without a key in common they do not wait for each other', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  await using command = await openScriptedCommand()

  const runs = ['one', 'two', 'three'].map(
    (word) =>
      rig.start(['taskvault', 'run', 'build', ...OPTIONS, '--', ...command.words, word]).finished,
  )
  // All of them run at the same time, or this never settles.
  const invocations = [await command.next(), await command.next(), await command.next()]
  for (const invocation of invocations) await invocation.write('out.txt', 'x')
  for (const invocation of invocations) await invocation.exit(0)

  expect((await Promise.all(runs)).map((run) => run.exitCode)).toEqual([0, 0, 0])
})

test('who waits says so after a second, and takes the result', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  await using command = await openScriptedCommand()
  const words = ['taskvault', 'run', 'build', ...OPTIONS, '--', ...command.words]

  const first = rig.start(words)
  const invocation = await command.next()
  const second = rig.start(words)
  await printed(second, 'waiting for another process')
  await invocation.write('out.txt', 'x')
  await invocation.exit(0)

  expect((await first.finished).exitCode).toBe(0)
  expect((await second.finished).stderr).toContain('✓ build: ')
  expect(command.count).toBe(1)
})

test('when the one who works is killed, a waiting one takes over', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  await using command = await openScriptedCommand()
  const words = ['taskvault', 'run', 'build', ...OPTIONS, '--', ...command.words]

  const first = rig.start(words)
  const abandoned = await command.next()
  const second = rig.start(words)
  await printed(second, 'waiting for another process')
  first.child.kill('SIGKILL')
  const killedAt = performance.now()
  const invocation = await command.next()
  const tookMs = performance.now() - killedAt
  await abandoned.exit(0)
  await invocation.write('out.txt', 'x')
  await invocation.exit(0)

  expect((await second.finished).exitCode).toBe(0)
  // How soon the lock is free is measured where it is made; the rest is for the command to start and connect.
  expect(tookMs).toBeLessThan(15_000)
})

test('when the work fails, the next one tries', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  await using command = await openScriptedCommand()
  const words = ['taskvault', 'run', 'build', ...OPTIONS, '--', ...command.words]

  const runs = [rig.start(words).finished, rig.start(words).finished]
  await (await command.next()).exit(1)
  const second = await command.next()
  await second.write('out.txt', 'x')
  await second.exit(0)

  expect(new Set((await Promise.all(runs)).map((run) => run.exitCode))).toEqual(new Set([0, 1]))
})

test('runs that save nothing do not wait for each other', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  await using command = await openScriptedCommand()
  const words = [
    'taskvault',
    'run',
    'build',
    '--input',
    'src/**',
    '--no-save',
    '--',
    ...command.words,
  ]

  const runs = [rig.start(words).finished, rig.start(words).finished]
  const invocations = [await command.next(), await command.next()]
  for (const invocation of invocations) await invocation.exit(0)

  expect((await Promise.all(runs)).map((run) => run.exitCode)).toEqual([0, 0])
})

test('a task may run other tasks', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  rig.write(
    'outer.sh',
    'taskvault run inner --input "src/**" -- echo inner && taskvault run other --input "src/**" -- echo other',
  )

  const run = await rig.taskvault(['run', 'outer', '--input', 'src/**', '--', 'sh', 'outer.sh'])

  expect(run).toMatchObject({ exitCode: 0, stdout: 'inner\nother\n' })
})

test('a task that runs itself does not wait for itself', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  rig.write(
    'self.sh',
    '[ -n "$INSIDE" ] && { echo inside; exit; }\nINSIDE=1 taskvault run self --input "src/**" -- sh self.sh',
  )

  const run = await rig.taskvault(['run', 'self', '--input', 'src/**', '--', 'sh', 'self.sh'])

  expect(run).toMatchObject({ exitCode: 0, stdout: 'inside\n' })
})

test.each(['', '--read-only'])('a task that runs itself without end %s is stopped', async (how) => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  const line = `taskvault run self ${how} --input "src/**" -- sh self.sh`
  rig.write('self.sh', line)

  const run = await rig.taskvault(['run', 'self', '--input', 'src/**', '--', 'sh', 'self.sh'])

  expect(run.exitCode).toBe(64)
  expect(run.stderr).toContain('runs itself')
})

/** Waits for a text on a process's standard error. */
function printed(
  running: ReturnType<ReturnType<typeof openRig>['start']>,
  text: string,
): Promise<void> {
  return new Promise((resolve) => {
    let seen = ''
    running.child.stderr?.on('data', (bytes: Buffer) => {
      seen += String(bytes)
      if (seen.includes(text)) resolve()
    })
  })
}
