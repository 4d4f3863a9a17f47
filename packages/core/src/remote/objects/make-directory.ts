import { mkdir, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemErrorCode } from '../../errors.ts'

/**
 * Makes a directory and those above it that are not there, such that all of them survive a loss of power.
 * Node's own way of making all of them never ends where a file system says of a new name that there is
 * no such directory, as places do that are mounted on demand.
 */
export async function makeDirectory(absolutePath: string): Promise<void> {
  try {
    await mkdir(absolutePath)
  } catch (error) {
    if (await isDirectory(absolutePath)) return
    const above = dirname(absolutePath)
    if (systemErrorCode(error) !== 'ENOENT' || above === absolutePath) throw error
    await makeDirectory(above)
    await makeBelow(absolutePath)
  }
  await syncDirectory(dirname(absolutePath))
}

/** Of two that make the same at once, one comes second. */
async function makeBelow(absolutePath: string): Promise<void> {
  try {
    await mkdir(absolutePath)
  } catch (error) {
    if (!(await isDirectory(absolutePath))) throw error
  }
}

async function isDirectory(absolutePath: string): Promise<boolean> {
  try {
    return (await stat(absolutePath)).isDirectory()
  } catch {
    return false
  }
}

/** Makes the names in a directory survive a loss of power, where the system has such a thing. */
export async function syncDirectory(absolutePath: string): Promise<void> {
  // Windows cannot open a directory, and does not need to: its journal orders names by itself.
  if (process.platform === 'win32') return
  await using directory = await open(absolutePath, 'r')
  await directory.sync()
}
