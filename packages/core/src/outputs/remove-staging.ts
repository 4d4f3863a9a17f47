import { chmodSync, lstatSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** Removes a staging directory and all in it, read-only directories included. */
export function removeStaging(stagingDirectory: string): void {
  try {
    rmSync(stagingDirectory, { recursive: true, force: true })
  } catch {
    makeWritable(stagingDirectory)
    rmSync(stagingDirectory, { recursive: true, force: true })
  }
}

function makeWritable(directory: string): void {
  chmodSync(directory, 0o700)
  for (const name of readdirSync(directory)) {
    const path = join(directory, name)
    if (lstatSync(path).isDirectory()) makeWritable(path)
  }
}
