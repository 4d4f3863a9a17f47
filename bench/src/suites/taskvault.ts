import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { bytesBelow } from '../data/walk.ts'
import type { Sample } from '../measure/row.ts'
import type { Command } from '../measure/run-timed.ts'
import { type Bench, time } from './bench.ts'

const CONFIGURATION = `cache_dir: .taskvault/cache
max_size_gb: 100
policies:
  default:
    ttl_seconds: 604800
    max_size_bytes: 20000000000
    strategy: lru
`

/** A directory that taskvault is run in, with limits far above what is saved. */
export function createProject(directory: string, configuration: string = CONFIGURATION): string {
  mkdirSync(join(directory, '.taskvault'), { recursive: true })
  writeFileSync(configurationOf(directory), configuration)
  return directory
}

function configurationOf(project: string): string {
  return join(project, '.taskvault', 'config.yaml')
}

/** Where a project's vault lies. */
export function vaultOf(project: string): string {
  return join(project, '.taskvault', 'cache')
}

/** The command as it is published: the built file, run by this Node. */
export function taskvault(project: string, ...args: readonly string[]): Command {
  return { file: process.execPath, args: [binary(), ...args], cwd: project }
}

/** Times a command and tells what it added to the vault: to the blobs, and with the index. */
export function timeStoring(bench: Bench, project: string, command: Command): Sample {
  const vault = vaultOf(project)
  const before = { blobs: bytesBelow(join(vault, 'blobs')), whole: bytesBelow(vault) }
  const sample = time(bench, command)
  return {
    ...sample,
    storedBytes: bytesBelow(join(vault, 'blobs')) - before.blobs,
    wholeBytes: bytesBelow(vault) - before.whole,
  }
}

/** Makes `taskvault` in `directory`, for what has to find it by that name. Returns its path. */
export function writeLauncher(directory: string): string {
  const file = join(directory, 'taskvault')
  mkdirSync(directory, { recursive: true })
  writeFileSync(file, `#!/bin/sh\nexec "${process.execPath}" "${binary()}" "$@"\n`, { mode: 0o755 })
  return file
}

function binary(): string {
  const description = createRequire(import.meta.url).resolve('@taskvault/cli/package.json')
  const { bin } = JSON.parse(readFileSync(description, 'utf8')) as { bin: { taskvault: string } }
  const file = join(dirname(description), bin.taskvault)
  if (!existsSync(join(dirname(description), 'dist'))) {
    throw new Error('The command is not built. Run `pnpm build` first.')
  }
  return file
}
