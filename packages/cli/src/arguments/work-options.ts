import { showCommand, TaskVaultError } from '@taskvault/core'
import type { Command } from 'commander'

/** Arguments and options that name a piece of work: what `run` and `explain` have in common. */
export function addWorkOptions(command: Command): Command {
  return addDeclaration(
    command
      .argument('<task>', 'task name')
      .argument('[command...]', 'what to run, after --; default: the configured command'),
  )
}

/** The options that add to what the configuration declares for a task. */
export function addDeclaration(command: Command): Command {
  return command
    .option(
      '--input <glob>',
      'files that it reads; repeatable (default: all that git does not ignore)',
      collect,
      [],
    )
    .option(
      '--output <path>',
      'a file or directory that it writes, or a pattern; repeatable',
      collect,
      [],
    )
    .option('--env <name>', 'an environment variable that it reads; repeatable', collect, [])
    .option(
      '--tool <command>',
      'a command that prints the version of a tool that it uses; repeatable',
      collect,
      [],
    )
    .option('--salt <text>', 'any text; a different text makes a different key')
    .option('--command <line>', 'the command as a line for the shell, instead of words after --')
}

/** The words that commander was given; its type does not tell. */
export function wordsOf(program: Command): readonly string[] {
  return (program as Command & { readonly rawArgs?: readonly string[] }).rawArgs ?? []
}

/**
 * Checks that all words of the command came after `--`. A glob without quotes is expanded by the
 * shell, and all but the first of its files would become the command.
 * @throws {TaskVaultError} ARGUMENT_INVALID
 */
export function checkCommandWords(words: readonly string[], argv: readonly string[]): void {
  const end = argv.indexOf('--')
  const stray = words.slice(0, words.length - (end === -1 ? 0 : argv.length - end - 1))
  if (stray.length === 0) return
  throw new TaskVaultError(
    'ARGUMENT_INVALID',
    `Unexpected arguments before the command: ${showCommand(stray)}`,
    {
      hint: 'Put the command after "--", and quote globs: --input "src/**" -- npm test',
    },
  )
}

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value]
}
