/** A shell command line, or a program and its arguments, started directly. */
export type Command = string | readonly string[]

/** What to ask the system to start. */
export interface Executable {
  readonly file: string
  readonly args: readonly string[]
  /** Windows only: `args` are already quoted for the shell. */
  readonly isVerbatim: boolean
}

/** @param command has at least one word. */
export function executableOf(command: Command, platform: NodeJS.Platform): Executable {
  if (typeof command !== 'string') {
    const [file = '', ...args] = command
    return { file, args, isVerbatim: false }
  }
  if (platform !== 'win32') return { file: 'sh', args: ['-c', command], isVerbatim: false }
  // /d: no AutoRun commands from the registry; /s: exactly the outer quotes are taken off.
  return { file: 'cmd.exe', args: ['/d', '/s', '/c', `"${command}"`], isVerbatim: true }
}

/** A command for display; words that a shell would split are quoted. */
export function showCommand(command: Command): string {
  if (typeof command === 'string') return command
  return command.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : quote(word))).join(' ')
}

/**
 * What a command counts as for a key: a line, and the words that a shell would make of it, are the
 * same command; the same command elsewhere in the project is another one.
 * @param relativeDirectory where it runs, relative to the project root with `/`; empty for the root.
 */
export function commandIdentity(command: Command, relativeDirectory: string): readonly string[] {
  const line = showCommand(command).trim()
  return relativeDirectory === '' ? [line] : [line, relativeDirectory]
}

function quote(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`
}
