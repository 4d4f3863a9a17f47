import { chmodSync, lstatSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { asTaskVaultError } from '../errors.ts'

/**
 * Removes a directory and all in it, read-only directories included; nothing when it is not there.
 * @throws {TaskVaultError} PERMISSION_DENIED, IO_FAILED.
 */
export function removeTree(absoluteDirectory: string): void {
  try {
    removeStubborn(absoluteDirectory)
  } catch (error) {
    throw asTaskVaultError(error, `remove ${absoluteDirectory}`)
  }
}

function removeStubborn(directory: string): void {
  try {
    rmSync(directory, { recursive: true, force: true })
  } catch {
    makeWritable(directory)
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Links are not followed. */
function makeWritable(directory: string): void {
  chmodSync(directory, 0o700)
  for (const name of readdirSync(directory)) {
    const path = join(directory, name)
    if (lstatSync(path).isDirectory()) makeWritable(path)
  }
}
