import type { Command } from 'commander'

/** A place on the command line, and what may stand there next. */
export interface CommandPlace {
  /** The words that lead here, each after a slash: empty for `taskvault` itself, `/cache/save`. */
  readonly path: string
  readonly commands: readonly Candidate[]
  readonly options: readonly Candidate[]
  /** What the first argument may be, where only some words are allowed. */
  readonly choices: readonly string[]
}

export interface Candidate {
  readonly word: string
  readonly summary: string
  /** For options: the next word belongs to it. */
  readonly takesValue: boolean
  /** What that word may be, where only some words are allowed. */
  readonly choices?: readonly string[]
}

/** Every place of the command tree, the root first. */
export function describeCommands(program: Command): readonly CommandPlace[] {
  const everywhere = optionsOf(program).filter(({ word }) => word !== '--version' && word !== '-V')
  const describe = (command: Command, path: string): readonly CommandPlace[] => [
    {
      path,
      commands: command.commands.map((child) => ({
        word: child.name(),
        summary: child.description(),
        takesValue: false,
      })),
      options: [...(command === program ? [] : optionsOf(command)), ...everywhere, HELP],
      choices: command.registeredArguments[0]?.argChoices ?? [],
    },
    ...command.commands.flatMap((child) => describe(child, `${path}/${child.name()}`)),
  ]
  return describe(program, '')
}

const HELP: Candidate = { word: '--help', summary: 'Print help', takesValue: false }

function optionsOf(command: Command): readonly Candidate[] {
  return command.options
    .filter((option) => !option.hidden)
    .flatMap((option) =>
      [option.short, option.long]
        .filter((word) => word !== undefined)
        .map((word) => ({
          word,
          summary: option.description,
          takesValue: option.required || option.optional,
          ...(option.argChoices !== undefined && { choices: option.argChoices }),
        })),
    )
}
