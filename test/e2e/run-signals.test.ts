import { expect, test } from 'vitest'
import { openRig } from '../rig/rig.ts'
import type { Rig, Running } from '../rig/rig.ts'
import { openScriptedCommand } from '../rig/scripted-command.ts'
import type { ScriptedCommand } from '../rig/scripted-command.ts'

/* How a run ends. */

const NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 } as const

test.each([0, 1, 7, 255])('exit status %i is passed on', async (exitCode) => {
  await using rig = openRig({ 'src/a.txt': 'A' })

  const run = await rig.taskvault([
    'run',
    'x',
    '--input',
    'src/**',
    '--',
    'sh',
    '-c',
    `exit ${exitCode}`,
  ])

  expect(run.exitCode).toBe(exitCode)
})

test.each(Object.entries(NUMBERS))(
  '%s reaches the command, and its death is passed on as 128 + %i',
  async (signal, number) => {
    await using rig = openRig({ 'src/a.txt': 'A' })
    await using command = await openScriptedCommand()
    const run = start(rig, command)
    const invocation = await command.next()

    run.child.kill(signal as NodeJS.Signals)
    await invocation.gone

    expect((await run.finished).exitCode).toBe(128 + number)
    expect(await isKnown(rig, command)).toBe(false)
  },
)

test('a command that ends well after a signal keeps its status, and is not saved', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  await using command = await openScriptedCommand()
  const run = start(rig, command)
  const invocation = await command.next()
  await invocation.trap('SIGTERM')

  run.child.kill('SIGTERM')
  expect(await invocation.received()).toBe('SIGTERM')
  await invocation.exit(0)

  expect((await run.finished).exitCode).toBe(0)
  expect(await isKnown(rig, command)).toBe(false)
})

test('a command that ignores SIGTERM is waited for; a second Ctrl-C kills it', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  await using command = await openScriptedCommand()
  const run = start(rig, command)
  const invocation = await command.next()
  await invocation.trap('SIGTERM')
  await invocation.trap('SIGINT')

  run.child.kill('SIGTERM')
  await invocation.received()
  run.child.kill('SIGINT')
  await invocation.received()
  // Faster than a tenth of a second is no second Ctrl-C, but the same one by two ways.
  await new Promise((resolve) => setTimeout(resolve, 120))
  run.child.kill('SIGINT')
  await invocation.gone

  expect((await run.finished).exitCode).toBe(137)
})

test('a killed taskvault has saved nothing', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  await using command = await openScriptedCommand()
  const run = start(rig, command)
  const invocation = await command.next()

  run.child.kill('SIGKILL')
  await run.finished
  await invocation.exit(0)

  expect(await isKnown(rig, command)).toBe(false)
})

test('a signal that comes while another process does the work ends the waiting', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  await using command = await openScriptedCommand()
  const first = start(rig, command)
  const invocation = await command.next()
  const second = start(rig, command)
  await new Promise<void>((resolve) => second.child.stderr?.once('data', () => resolve()))

  second.child.kill('SIGINT')

  expect((await second.finished).exitCode).toBe(130)
  await invocation.exit(0)
  expect((await first.finished).exitCode).toBe(0)
})

function start(rig: Rig, command: ScriptedCommand): Running {
  return rig.start(['taskvault', 'run', 'x', '--input', 'src/**', '--', ...command.words])
}

async function isKnown(rig: Rig, command: ScriptedCommand): Promise<boolean> {
  const decision = await rig.taskvault([
    'run',
    'x',
    '--json',
    '--input',
    'src/**',
    '--',
    ...command.words,
  ])
  return (JSON.parse(decision.stdout) as { decision: string }).decision === 'hit'
}
