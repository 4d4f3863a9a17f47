import path from 'node:path'
import { spawn } from '@lydell/node-pty'
import type { IPty } from '@lydell/node-pty'
import { expect, test, vi } from 'vitest'
import { openRig } from '../rig/rig.ts'
import type { Rig } from '../rig/rig.ts'
import { openScriptedCommand } from '../rig/scripted-command.ts'

/* A run on a terminal: the command has the terminal that it would have had without us. */

const OPTIONS = ['--quiet', '--input', 'src/**']

test('the command sees a terminal, of the right size, and its output keeps its colours on a hit', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  await using command = await openScriptedCommand()
  const words = ['run', 'x', ...OPTIONS, '--', ...command.words]

  const live = openTerminal(rig, words)
  const invocation = await command.next()
  await invocation.print('stdout', '\u001B[31mred\u001B[0m\n')
  await invocation.print('stderr', 'then this\n')
  await invocation.exit(0)
  await live.ended
  const replayed = openTerminal(rig, words)
  const status = await replayed.ended

  expect(invocation.isTerminal).toEqual([true, true, true])
  expect(invocation.columns).toBe(123)
  expect(status).toBe(0)
  for (const text of [live.text(), replayed.text()]) {
    expect(text).toContain('\u001B[31mred\u001B[0m')
    expect(text.indexOf('then this')).toBeGreaterThan(text.indexOf('red'))
  }
  expect(command.count).toBe(1)
})

test('what was recorded on a terminal is plain text elsewhere', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  const words = ['run', 'x', ...OPTIONS, '--', 'printf', String.raw`\033[31mred\033[0m\nnext\n`]

  await openTerminal(rig, words).ended
  const piped = await rig.taskvault(words)

  expect(piped.stdout).toBe('red\nnext\n')
})

test('a terminal shows what it would have shown without us, to the byte', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  const text = String.raw`one\ntwo\r\n50%%\r100%%\n\r`
  const words = ['run', 'x', ...OPTIONS, '--', 'printf', text]

  const plain = openTerminal(rig, [text], 'printf')
  await plain.ended
  const live = openTerminal(rig, words)
  await live.ended
  const replayed = openTerminal(rig, words)
  await replayed.ended

  expect(plain.text()).toBe('one\r\ntwo\r\r\n50%\r100%\r\n\r')
  expect([live.text(), replayed.text()]).toEqual([plain.text(), plain.text()])
})

test('keys reach the command', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  await using command = await openScriptedCommand()
  const terminal = openTerminal(rig, ['run', 'x', ...OPTIONS, '--', ...command.words])
  const invocation = await command.next()
  await invocation.read()

  terminal.pty.write('yes\r')

  expect(await invocation.input()).toBe('yes\n')
  await invocation.exit(0)
  expect(await terminal.ended).toBe(0)
})

test('Ctrl-C reaches the command, as a signal, and what it makes of that is not saved', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  await using command = await openScriptedCommand()
  const words = ['run', 'x', ...OPTIONS, '--', ...command.words]
  const terminal = openTerminal(rig, words)
  const invocation = await command.next()
  await invocation.trap('SIGINT')

  terminal.pty.write('\u0003')
  expect(await invocation.received()).toBe('SIGINT')
  await invocation.exit(0)

  expect(await terminal.ended).toBe(0)
  const decision = await rig.taskvault(['run', 'x', '--json', ...OPTIONS, '--', ...command.words])
  expect(JSON.parse(decision.stdout)).toMatchObject({ decision: 'miss' })
})

test('Ctrl-C ends a command that does not mind it, with 130', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  await using command = await openScriptedCommand()
  const terminal = openTerminal(rig, ['run', 'x', ...OPTIONS, '--', ...command.words])
  const invocation = await command.next()

  terminal.pty.write('\u0003')
  await invocation.gone

  expect(await terminal.ended).toBe(130)
})

test('Ctrl-Z leaves nobody stuck', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  await using command = await openScriptedCommand()
  const terminal = openTerminal(rig, ['run', 'x', ...OPTIONS, '--', ...command.words])
  const invocation = await command.next()

  terminal.pty.write('\u001A')
  // The key throws away what its terminal has not shown yet, so it must have arrived before.
  await vi.waitUntil(() => terminal.text().includes('^Z'), { timeout: 30_000 })
  await invocation.print('stdout', 'still here\n')
  await invocation.exit(0)

  expect(await terminal.ended).toBe(0)
  expect(terminal.text()).toContain('still here')
})

test('a terminal that changes its size tells the command', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  await using command = await openScriptedCommand()
  const terminal = openTerminal(rig, ['run', 'x', ...OPTIONS, '--', ...command.words])
  const invocation = await command.next()

  terminal.pty.resize(77, 20)

  expect(await invocation.resized()).toBe(77)
  await invocation.exit(0)
  await terminal.ended
})

test('all of a long output gets through, however fast the command ends', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  const words = ['run', 'x', ...OPTIONS, '--', 'seq', '1', '200000']

  const live = openTerminal(rig, words)
  await live.ended
  const piped = await rig.taskvault(words)

  expect(live.text().trimEnd().endsWith('200000')).toBe(true)
  expect(piped.stdout.split('\n')).toHaveLength(200_001)
})

test('a command that is not there is no failed command', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })

  const terminal = openTerminal(rig, ['run', 'x', ...OPTIONS, '--', 'no-such-command'])

  expect(await terminal.ended).toBe(127)
  expect(terminal.text()).toContain('Command not found: no-such-command')
})

test('with only some streams on a terminal, the command gets the same ones', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  await using command = await openScriptedCommand()
  const line = `taskvault run x ${OPTIONS.map((word) => `'${word}'`).join(' ')} -- ${command.words.join(' ')} | cat`

  const terminal = openTerminal(rig, ['-c', line], 'sh')
  const invocation = await command.next()
  await invocation.exit(0)

  expect(invocation.isTerminal).toEqual([true, false, false])
  expect(await terminal.ended).toBe(0)
})

test('a job in the background is not stopped for wanting the terminal', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  const script = 'set -m; taskvault run x --input "src/**" -- echo done & wait $!; echo "status $?"'

  const terminal = openTerminal(rig, ['-c', script], 'bash')
  await terminal.ended

  expect(terminal.text()).toContain('done')
  expect(terminal.text()).toContain('status 0')
})

test('nobody at the keyboard, as in a git hook: the command has the terminal, and no input', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  await using command = await openScriptedCommand()
  const line = `taskvault run x --input 'src/**' -- ${command.words.join(' ')} </dev/null`

  const terminal = openTerminal(rig, ['-c', line], 'sh')
  const invocation = await command.next()
  await invocation.exit(0)

  expect(invocation.isTerminal).toEqual([false, true, true])
  expect(await terminal.ended).toBe(0)
})

interface Terminal {
  readonly pty: IPty
  readonly ended: Promise<number>
  text(): string
}

function openTerminal(rig: Rig, words: readonly string[], program = 'taskvault'): Terminal {
  const root = path.dirname(rig.project)
  const nodeDirectory = path.dirname(process.execPath)
  const pty = spawn(
    program === 'taskvault' ? path.join(root, 'bin', 'taskvault') : `/bin/${program}`,
    [...words],
    {
      cwd: rig.project,
      cols: 123,
      rows: 40,
      env: {
        PATH: `${path.join(root, 'bin')}:${nodeDirectory}:/usr/local/bin:/usr/bin:/bin`,
        HOME: path.join(root, 'home'),
        TERM: 'xterm',
      },
    },
  )
  let text = ''
  pty.onData((piece) => {
    text += piece
  })
  return {
    pty,
    ended: new Promise((resolve) =>
      pty.onExit(({ exitCode, signal }) => resolve(exitCode + (signal ? 128 + signal : 0))),
    ),
    text: () => text,
  }
}
