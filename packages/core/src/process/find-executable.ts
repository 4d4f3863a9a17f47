import { accessSync, constants, statSync } from 'node:fs'
import path from 'node:path'
import { asTaskVaultError, TaskVaultError } from '../errors.ts'

export interface ExecutableSearch {
  /** Where a path with a slash starts; absolute. */
  readonly directory: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * Finds the file that a POSIX system would start for `file`. For callers whose way of starting commands reports a
 * missing command as a failed one.
 * @throws {TaskVaultError} COMMAND_NOT_FOUND, or PERMISSION_DENIED when it exists but may not be run.
 */
export function findExecutable(file: string, { directory, env }: ExecutableSearch): string {
  const folders = file.includes('/') ? [''] : (env['PATH'] ?? '/usr/bin:/bin').split(':')
  let refused: unknown
  for (const folder of folders) {
    const candidate = path.resolve(directory, folder, file)
    if (statSync(candidate, { throwIfNoEntry: false })?.isFile() !== true) continue
    try {
      accessSync(candidate, constants.X_OK)
      return candidate
    } catch (error) {
      refused = error
    }
  }
  if (refused !== undefined) throw asTaskVaultError(refused, `run ${file}`)
  throw commandNotFound(file, directory)
}

/** A system says the same of a command that is missing and of a directory to run it in. */
export function commandNotFound(file: string, directory: string, cause?: unknown): TaskVaultError {
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true)
    return new TaskVaultError(
      'COMMAND_NOT_FOUND',
      `Cannot run ${file}: no directory ${directory}`,
      {
        hint: 'Correct where it is to run, or make the directory in an earlier step.',
        cause,
      },
    )
  return new TaskVaultError('COMMAND_NOT_FOUND', `Command not found: ${file}`, {
    hint: `Check its spelling, and that it is installed and on the PATH. It would have run in ${directory}.`,
    cause,
  })
}
