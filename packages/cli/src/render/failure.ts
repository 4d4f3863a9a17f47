import { styleText } from 'node:util'
import { TaskVaultError, asFailure } from '@taskvault/core'
import type { CommanderError } from 'commander'
import { EXIT, exitCodeOfError } from '../exit-codes.ts'
import type { Host } from '../host.ts'
import { wantsColour } from './colours.ts'
import { renderJson } from './voice.ts'

export interface FailureOptions {
  readonly host: Host
  readonly asJson: boolean
}

/** Prints why a command failed on stderr. Returns the exit code for it. */
export function renderFailure(error: unknown, { host, asJson }: FailureOptions): number {
  const { code, message, hint } = asFailure(error)
  if (code === 'BUG') return renderBug(error, { host, asJson })
  if (asJson) host.stderr.write(renderJson({ code, message, hint: hint ?? null }))
  else {
    const label = paint(host, 'red', 'error:')
    host.stderr.write(`${label} ${message}\n${hint === undefined ? '' : `hint: ${hint}\n`}`)
  }
  return exitCodeOfError(code)
}

/** A command line that commander refused, as a failure like all others. */
export function asUsageError(error: CommanderError): TaskVaultError {
  const isBareHelp = error.code === 'commander.help'
  const said = isBareHelp ? 'No command given' : error.message.replace(/^error: /, '')
  // What commander takes for meant stands on a line of its own.
  const meant = /\n\((Did you mean .*\?)\)$/.exec(said)
  const hint = 'Run `taskvault --help`, or `--help` after a command, to see what is allowed.'
  return new TaskVaultError('ARGUMENT_INVALID', said.slice(0, meant?.index), {
    hint: meant === null ? hint : `${meant[1]} ${hint}`,
    cause: error,
  })
}

function renderBug(error: unknown, { host, asJson }: FailureOptions): number {
  const message = error instanceof Error ? error.message : String(error)
  const stack = error instanceof Error ? (error.stack ?? message) : message
  const hint = 'This is a bug in TaskVault. Please report it with the stack.'
  if (asJson) host.stderr.write(renderJson({ code: 'BUG', message, hint, stack }))
  else host.stderr.write(`${paint(host, 'red', 'bug:')} ${stack}\nhint: ${hint}\n`)
  return EXIT.bug
}

function paint(host: Host, style: 'red', text: string): string {
  return wantsColour(host.env, host.stderr)
    ? styleText(style, text, { validateStream: false })
    : text
}
