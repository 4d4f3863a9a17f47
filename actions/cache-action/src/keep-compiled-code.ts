import { existsSync, lstatSync, mkdirSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import path from 'node:path'
import type { Environment } from './runner.ts'

interface Process {
  readonly env: Environment
  /** On POSIX. */
  readonly getuid?: () => number
}

/**
 * Has the code that is imported from now on compiled once: by the first step of a job, or of a machine of one's own.
 * What lies in the directory runs as code, so that one which others can write to is not used; nor is any on
 * Windows, where its mode does not tell.
 */
export function keepCompiledCode({ env, getuid }: Process): void {
  const tools = env['RUNNER_TOOL_CACHE']
  if (!tools) return
  const directory = path.join(tools, 'taskvault-compiled-code')
  try {
    // The runner has made the one above it.
    if (!existsSync(directory)) mkdirSync(directory, { mode: 0o700 })
    const { uid, mode } = lstatSync(directory)
    if (uid === getuid?.() && (mode & 0o022) === 0) enableCompileCache(directory)
  } catch {
    // Compiled each time, then.
  }
}
