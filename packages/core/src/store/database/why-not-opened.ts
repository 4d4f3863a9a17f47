import { accessSync, closeSync, constants, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { asTaskVaultError } from '../../errors.ts'
import type { TaskVaultError } from '../../errors.ts'

/**
 * SQLite does not say why a file could not be opened; asking for it does. The file itself is not opened
 * for that: closing it again would drop the locks that this process holds on it, on every connection
 * (https://sqlite.org/howtocorrupt.html, 2.2).
 * @param path the file, or the directory in which it could not be made.
 * @returns undefined when nothing is in the way now.
 */
export function whyNotOpened(path: string, attempt: string): TaskVaultError | undefined {
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
    // Whether anything can be opened at all.
    closeSync(openSync(devNull, 'r'))
    return undefined
  } catch (error) {
    return asTaskVaultError(error, attempt)
  }
}
