import path from 'node:path'
import { TaskVaultError } from '@taskvault/core'

/**
 * The absolute path that an argument names, from `cwd`; `-` stays as it is.
 * @throws {TaskVaultError} ARGUMENT_INVALID when it is empty, as a variable is that nobody set: taken
 * as a path, it would be the whole working directory.
 */
export function resolvePathArgument(argument: string, cwd: string): string {
  if (argument === '-') return argument
  if (argument !== '' && !argument.includes('\0')) return path.resolve(cwd, argument)
  throw new TaskVaultError('ARGUMENT_INVALID', `${JSON.stringify(argument)} is not a path`, {
    hint: 'Is a variable unset? Name a file or directory, or - for standard input or output.',
  })
}

/**
 * The same for a file that we write or read again by its name, which no stream has.
 * @throws {TaskVaultError} ARGUMENT_INVALID when it is empty, or `-`.
 */
export function resolveFileArgument(argument: string, cwd: string): string {
  if (argument !== '-') return resolvePathArgument(argument, cwd)
  throw new TaskVaultError('ARGUMENT_INVALID', '"-" is not a file', {
    hint: 'Name a file; ./- is a file with that name.',
  })
}
