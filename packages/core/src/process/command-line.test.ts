import { expect, test } from 'vitest'
import { commandIdentity, executableOf, showCommand } from './command-line.ts'

test('a line goes to the shell of the platform, words to nobody', () => {
  expect(executableOf('npm test', 'linux')).toEqual({
    file: 'sh',
    args: ['-c', 'npm test'],
    isVerbatim: false,
  })
  expect(executableOf('npm test', 'win32')).toEqual({
    file: 'cmd.exe',
    args: ['/d', '/s', '/c', '"npm test"'],
    isVerbatim: true,
  })
  expect(executableOf(['npm', 'test'], 'win32')).toEqual({
    file: 'npm',
    args: ['test'],
    isVerbatim: false,
  })
})

test('a command is shown as one could type it', () => {
  expect(showCommand('a | b')).toBe('a | b')
  expect(showCommand(['npm', 'run', 'it is', "don't", ''])).toBe(
    String.raw`npm run 'it is' 'don'\''t' ''`,
  )
})

test('a line and its words are one command, wherever the key is computed', () => {
  expect(commandIdentity('npm test ', '')).toEqual(commandIdentity(['npm', 'test'], ''))
  expect(commandIdentity(['npm', 'run', 'a b'], '')).not.toEqual(
    commandIdentity(['npm', 'run', 'a', 'b'], ''),
  )
  expect(commandIdentity(['echo', '$HOME'], '')).not.toEqual(commandIdentity('echo $HOME', ''))
})

test('the same command in another directory is another command', () => {
  expect(commandIdentity('npm test', 'packages/a')).not.toEqual(commandIdentity('npm test', ''))
})
