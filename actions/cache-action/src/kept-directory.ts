import { existsSync, lstatSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import type { Environment } from './runner.ts'

/**
 * A directory for what spares the next step, or the next job of a machine of one's own, some work. What lies in it
 * is believed: so there is none where others can write to it, nor on Windows, where its mode does not tell.
 */
export function findKeptDirectory(env: Environment, name: string): string | undefined {
  const tools = env['RUNNER_TOOL_CACHE']
  if (!tools) return undefined
  const directory = path.join(tools, `taskvault-${name}`)
  try {
    // The runner has made the one above it.
    if (!existsSync(directory)) mkdirSync(directory, { mode: 0o700 })
    const { uid, mode } = lstatSync(directory)
    return uid === process.getuid?.() && (mode & 0o022) === 0 ? directory : undefined
  } catch {
    return undefined
  }
}
