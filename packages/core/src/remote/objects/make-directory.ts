import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Makes a directory and those above it that are not there, such that all of them survive a loss of power. */
export async function makeDirectory(absolutePath: string): Promise<void> {
  const first = await mkdir(absolutePath, { recursive: true })
  if (first === undefined) return
  for (let at = absolutePath; at.length >= first.length; at = dirname(at)) {
    await syncDirectory(dirname(at))
    if (at === dirname(at)) return
  }
}

/** Makes the names in a directory survive a loss of power, where the system has such a thing. */
export async function syncDirectory(absolutePath: string): Promise<void> {
  // Windows cannot open a directory, and does not need to: its journal orders names by itself.
  if (process.platform === 'win32') return
  await using directory = await open(absolutePath, 'r')
  await directory.sync()
}
