import { appendFileSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { TaskVaultError } from '@taskvault/core'
import { wordNotIn } from './word-not-in.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** What the runner gives to an action, and takes from it. */
export interface Runner {
  readonly env: Environment
  readonly stdout: Writable
  /** Without white space at its ends; empty when it was not given. */
  input(name: string): string
  /** The lines of an input that are not empty. */
  inputLines(name: string): readonly string[]
  /** @throws {TaskVaultError} ARGUMENT_INVALID for anything but the two words. */
  inputFlag(name: string): boolean
  /** Of the flags of actions/cache, which takes every other word for false. */
  saysTrue(name: string): boolean
  setOutput(name: string, value: string): void
  /** For the post step of the same action. */
  saveState(name: string, value: string): void
  state(name: string): string
  /** For the steps that follow. */
  exportVariable(name: string, value: string): void
  /** A line of the log. */
  info(message: string): void
  /** The same in the very words of actions/cache, which scripts look for. */
  say(message: string): void
  /** Shown at the top of the run, too. */
  warning(message: string): void
  error(message: string): void
  /** Never shown in a log from now on. */
  mask(secret: string): void
  /** Markdown for the page of the run. */
  summarise(markdown: string): void
}

/**
 * The runner's protocol: variables come in, files and lines that begin with `::` go out. Once `stopped` is aborted,
 * nothing does: a step that was cut short has nothing to say.
 */
export function createRunner(env: Environment, stdout: Writable, stopped: AbortSignal): Runner {
  const input = (name: string): string =>
    (env[`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`] ?? '').trim()
  const print = (line: string): void => {
    if (!stopped.aborted) stdout.write(`${line}\n`)
  }
  const command = (name: string, message: string): void => print(`::${name}::${escape(message)}`)
  const append = (variable: string, text: string): void => {
    const file = env[variable]
    if (file !== undefined && file !== '' && !stopped.aborted) appendFileSync(file, text)
  }
  return {
    env,
    stdout,
    input,
    inputLines: (name) =>
      input(name)
        .split('\n')
        .map((line) => line.replace(/^!\s+/, '!').trim())
        .filter((line) => line !== ''),
    inputFlag(name) {
      const text = input(name)
      if (/^(true|True|TRUE)$/.test(text)) return true
      if (/^(false|False|FALSE|)$/.test(text)) return false
      throw new TaskVaultError('ARGUMENT_INVALID', `${name} is ${JSON.stringify(text)}`, {
        hint: 'Write true or false.',
      })
    },
    saysTrue: (name) => input(name).toLowerCase() === 'true',
    setOutput: (name, value) => append('GITHUB_OUTPUT', assignment(name, value)),
    saveState: (name, value) => append('GITHUB_STATE', assignment(name, value)),
    state: (name) => env[`STATE_${name}`] ?? '',
    exportVariable: (name, value) => append('GITHUB_ENV', assignment(name, value)),
    info: (message) => print(`TaskVault: ${asPlainLine(message)}`),
    say: (message) => print(asPlainLine(message)),
    warning: (message) => command('warning title=TaskVault', message),
    error: (message) => command('error title=TaskVault', message),
    mask: (secret) => command('add-mask', secret),
    summarise: (markdown) => append('GITHUB_STEP_SUMMARY', `${markdown}\n`),
  }
}

/** No value can end itself early and go on as another name. */
function assignment(name: string, value: string): string {
  const delimiter = wordNotIn(value)
  return `${name}<<${delimiter}\n${value}\n${delimiter}\n`
}

/** What is no command must not become one: names of files are in it, and `##[…]` is one anywhere. */
function asPlainLine(message: string): string {
  return message.replaceAll(/\p{C}/gu, ' ').replaceAll('##[', '## [')
}

function escape(message: string): string {
  return message.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}
