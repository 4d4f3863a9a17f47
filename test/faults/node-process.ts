import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import type { Patch } from './patch-modules.ts'

export interface NodeProcessOptions {
  /** Relative to this directory. */
  readonly script: string
  readonly argument: unknown
  readonly cwd: string
  /** Faults that are put into core's source text as this process loads it. */
  readonly patches?: readonly Patch[]
}

const PATCHER = path.join(import.meta.dirname, 'patch-modules.ts')

/** Starts a worker on a source file, with a channel for messages; its failures go to our own stderr. */
export function startNode({
  script,
  argument,
  cwd,
  patches = [],
}: NodeProcessOptions): ChildProcess {
  const preload = patches.length === 0 ? [] : ['--import', PATCHER]
  const words = [...preload, path.join(import.meta.dirname, script), JSON.stringify(argument)]
  const patchFile = path.join(cwd, 'patches.json')
  // Once for all workers: another one may be reading it.
  if (patches.length > 0 && !existsSync(patchFile))
    writeFileSync(patchFile, JSON.stringify(patches))
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: cwd,
    // Workers start often: what they load is compiled once.
    NODE_COMPILE_CACHE: path.join(tmpdir(), 'taskvault-faults-compiled'),
    UV_USE_IO_URING: '0',
    ...(patches.length > 0 && { FAULTS_PATCHES: patchFile }),
  }
  return spawn(process.execPath, words, { cwd, env, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
}
