import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { buffer } from 'node:stream/consumers'
import type { Patch } from './patch-source.ts'

/** Runs are many: what they load is compiled once. */
const COMPILED = join(tmpdir(), 'taskvault-faults-compiled')

export interface PatchedRun {
  /** Absolute path of the module to run; it gets `options` as JSON in its first argument. */
  readonly module: string
  readonly options: unknown
  /** Faults that are put into core; none for the product as it is. */
  readonly patches?: readonly Patch[]
  /** Another user to run it as; needs root. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
}

/**
 * Runs a module in a process of its own, as the product is or with faults in it.
 * @returns what it printed, which must be JSON; throws when it ended in any other way.
 */
export async function runPatched<Result>(run: PatchedRun): Promise<Result> {
  const directory = mkdtempSync(join(tmpdir(), 'taskvault-patched-'))
  try {
    chmodSync(directory, 0o755)
    const patches = join(directory, 'patches.json')
    writeFileSync(patches, JSON.stringify(run.patches ?? []))
    const hooks = join(import.meta.dirname, 'patch-modules.ts')
    const child = spawn(
      process.execPath,
      ['--import', hooks, run.module, JSON.stringify(run.options)],
      {
        env: { ...process.env, FAULTS_PATCHES: patches, NODE_COMPILE_CACHE: COMPILED },
        stdio: ['ignore', 'pipe', 'pipe'],
        ...run.user,
      },
    )
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
    const [stdout, stderr, exitCode] = await Promise.all([
      buffer(child.stdout),
      buffer(child.stderr),
      ended,
    ])
    if (exitCode !== 0 || stderr.includes('patch-modules: ')) {
      throw new Error(`${run.module} ended with ${exitCode}: ${stderr}`)
    }
    return JSON.parse(stdout.toString()) as Result
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
