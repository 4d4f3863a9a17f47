import { CommanderError } from 'commander'

const OPTION = '--args-from-env'

/** For the end of `--help`. */
export const ARGUMENTS_FROM_ENVIRONMENT_HELP: string = `With ${OPTION} NAME and nothing else, the words come from that variable, as a JSON array:
for scripts that must not paste what they were given into a line for a shell.`

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
    throw refusal(`${OPTION} takes the name of a variable and stands alone: ${words.join(' ')}`)
  }
  const text = env[name]
  if (text === undefined) throw refusal(`${OPTION} ${name}: there is no such variable`)
  const found = parseWords(text)
  if (found === undefined) throw refusal(`${name} is no JSON array of texts: ${text}`)
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
