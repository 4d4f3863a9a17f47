import { CommanderError } from 'commander'

const OPTION = '--args-from-env'

/** For the end of `--help`. */
export const ARGUMENTS_FROM_ENVIRONMENT_HELP: string = `With ${OPTION} NAME and nothing else, takes the arguments from that variable, as a JSON array:
for scripts that must not paste values they were given into a shell command line.`

/**
 * The command line that was meant: `words`, or those that the variable holds which they name. Said
 * on the command line only; a variable alone never adds a word.
 * @throws {CommanderError} when the variable holds anything but an array of texts.
 */
export function findArguments(
  words: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  if (words[0] !== OPTION) return words
  const [, name, ...more] = words
  if (name === undefined || more.length > 0) {
    throw refusal(
      `${OPTION} takes the name of a variable and must be alone on the command line: ${words.join(' ')}`,
    )
  }
  const text = env[name]
  if (text === undefined) throw refusal(`${OPTION} ${name}: there is no such variable`)
  const found = parseWords(text)
  if (found === undefined) throw refusal(`${name} is not a JSON array of strings: ${text}`)
  return found
}

function parseWords(text: string): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) && value.every((word) => typeof word === 'string')
      ? value
      : undefined
  } catch {
    return undefined
  }
}

function refusal(message: string): CommanderError {
  return new CommanderError(1, 'taskvault.argumentsFromEnvironment', message)
}
