import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isKnownToWindows } from './known-to-windows.ts'

/*
 * What Windows does otherwise, as far as another system can show it: the modules are loaded by a process that
 * takes itself for one on Windows, where a shell script stands for the shell of Windows.
 */

describe.skipIf(process.platform === 'win32')('a command on Windows', () => {
  test('of the shell, that fails, is a command that failed', () => {
    const printed = runAsOnWindows(`
      import { spawnPiped } from './spawn-piped.ts'
      const request = { directory: '.', env: process.env, sharesTerminal: false, onOutput() {} }
      const { ended } = await spawnPiped({ ...request, command: ['mkdir', 'there'] })
      console.log(JSON.stringify(await ended))`)

    expect(printed).toBe('{"kind":"exited","exitCode":1}\n')
  })

  test('that nobody knows is not there, and did not fail', () => {
    const printed = runAsOnWindows(`
      import { spawnPiped } from './spawn-piped.ts'
      const request = { directory: '.', env: process.env, sharesTerminal: false, onOutput() {} }
      const command = ['no-such-command-anywhere']
      await spawnPiped({ ...request, command }).catch((error) => console.log(error.code))`)

    expect(printed).toBe('COMMAND_NOT_FOUND\n')
  })

  test('hears of Ctrl-C and of a window that closes from the system, and is not killed by us', () => {
    const printed = runAsOnWindows(`
      import { forwardSignals } from './signals.ts'
      const heard = []
      let now = 0
      const source = (listener) => (heard.push(listener), { [Symbol.dispose]() {} })
      const command = { sendSignal: (signal) => console.log(signal) }
      forwardSignals(command, { source, sharesTerminal: false, now: () => (now += 1000) })
      for (const signal of ['SIGHUP', 'SIGINT', 'SIGINT']) heard[0](signal)`)

    expect(printed).toBe('SIGKILL\n')
  })
})

describe('what Windows has something to start for', () => {
  test.each([
    ['a command of its shell', 'MKDIR'],
    ['a program on the path', 'tool.exe'],
    ['a program without its ending', 'tool'],
    ['a program beside', 'here'],
    ['a program by its path', './here'],
  ])('%s', (_what, file) => {
    const search = { directory: folderWith('here.cmd'), env: pathTo(folderWith('tool.exe')) }

    expect(isKnownToWindows(file, search)).toBe(true)
  })

  test.each([
    ['what is nowhere', 'other'],
    ['what is on the path only, by a path', './tool'],
    ['a folder', '.'],
    ['what has no such ending', 'text'],
  ])('not %s', (_what, file) => {
    const search = { directory: folderWith('text.txt'), env: pathTo(folderWith('tool.exe')) }

    expect(isKnownToWindows(file, search)).toBe(false)
  })
})

function runAsOnWindows(program: string): string {
  const comspec = path.join(folderWith('cmd'), 'cmd')
  writeFileSync(comspec, '#!/bin/sh\nexit 1\n')
  chmodSync(comspec, 0o755)
  const posing = `data:text/javascript,Object.defineProperty(process,'platform',{value:'win32'})`
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', posing, '--input-type=module', '-e', program],
    { cwd: import.meta.dirname, env: { ...process.env, comspec }, encoding: 'utf8' },
  )
  expect(stderr).toBe('')
  return stdout
}

function folderWith(name: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'taskvault-windows-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(path.join(folder, name), '')
  return folder
}

/** As Windows names them, where a name is the same in any case. */
function pathTo(folder: string): Record<string, string> {
  return { Path: ['/nowhere', `"${folder}"`].join(path.delimiter), PathExt: '.exe;.cmd' }
}
