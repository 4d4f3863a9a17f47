import { TaskVaultError, outputFromRoot, patternFromRoot } from '@taskvault/core'
import type { CommandPlace, TaskAdditions } from '@taskvault/core'

/** The options that declare a piece of work, as commander gives them. */
export interface Declaration {
  readonly input: readonly string[]
  readonly output: readonly string[]
  readonly env: readonly string[]
  readonly tool: readonly string[]
  readonly salt?: string
  readonly command?: string
}

/** Options of `run`, as commander gives them. */
export interface RunOptions extends Declaration {
  readonly explain: boolean
  readonly force: boolean
  readonly readOnly: boolean
  /** False with `--no-save`. */
  readonly save: boolean
  readonly showKey?: boolean
  readonly result?: string
}

export interface WorkPlace extends CommandPlace {
  /** A file that the command line has us write; absolute. */
  readonly ownFile?: string | undefined
}

/**
 * What a command line adds to a task. Its paths are relative to where it was typed, and its command
 * runs there; the configuration's are relative to the project root.
 * @throws {TaskVaultError} ARGUMENT_INVALID when the command is given twice.
 */
export function createAdditions(
  options: Declaration,
  words: readonly string[],
  { ownFile, ...place }: WorkPlace,
): TaskAdditions {
  return {
    ...(ownFile !== undefined && { ownFiles: [ownFile] }),
    inputs: options.input.map((pattern) => patternFromRoot(pattern, place)),
    outputs: options.output.map((output) => outputFromRoot(output, place)),
    env: options.env,
    tools: options.tool,
    salt: options.salt,
    command: commandOf(options.command, words, place),
  }
}

function commandOf(
  line: string | undefined,
  words: readonly string[],
  { cwd }: CommandPlace,
): TaskAdditions['command'] {
  if (line === undefined) return words.length === 0 ? undefined : { line: words, directory: cwd }
  if (words.length > 0) {
    throw new TaskVaultError('ARGUMENT_INVALID', 'The command is given twice', {
      hint: 'Give it either with --command or after "--".',
    })
  }
  return { line, directory: cwd }
}
