import { TaskVaultError } from '../errors.ts'

/**
 * Splits a command line into words as a shell would, for a program that is started without one:
 * white space separates, single and double quotes group, a backslash takes the next character as it
 * is. What only a shell could do (variables, pipes, redirections) is refused, not passed on as text.
 * @throws {TaskVaultError} ARGUMENT_INVALID when there is no word, a quote is left open, or the line
 * needs a shell.
 */
export function splitWords(line: string): string[] {
  const words: string[] = []
  let word: string | undefined
  for (const [token] of line.matchAll(TOKEN)) {
    if (/^\s/.test(token)) {
      if (word !== undefined) words.push(word)
      word = undefined
      continue
    }
    word = (word ?? '') + plainText(token, line)
  }
  if (word !== undefined) words.push(word)
  if (words.length === 0) throw invalid(line, 'it is empty')
  return words
}

/** White space, a quoted run, an escaped character, a run of plain text, or one other character. */
const TOKEN = /\s+|'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s'"\\$`|&;<>()]+|./gs

function plainText(token: string, line: string): string {
  if (token.length > 1 && token.startsWith("'")) return token.slice(1, -1)
  if (token.length > 1 && token.startsWith('"')) {
    if (/(?<!\\)(?:\\\\)*[$`]/.test(token)) throw needsShell(line)
    return token.slice(1, -1).replaceAll(/\\([$`"\\])/g, '$1')
  }
  if (token.length > 1 && token.startsWith('\\')) return token.slice(1)
  if (/^['"\\]$/.test(token)) throw invalid(line, 'a quote is left open')
  if (/^[$`|&;<>()]$/.test(token)) throw needsShell(line)
  return token
}

function needsShell(line: string): TaskVaultError {
  return invalid(line, 'it needs a shell', `Write \`sh -c '…'\` to run it with a shell.`)
}

function invalid(
  line: string,
  because: string,
  hint = 'Close every quote, and name a program.',
): TaskVaultError {
  return new TaskVaultError(
    'ARGUMENT_INVALID',
    `Cannot run the command ${JSON.stringify(line)}: ${because}`,
    {
      hint,
    },
  )
}
