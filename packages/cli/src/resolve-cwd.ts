import { statSync } from 'node:fs'
import path from 'node:path'
import { CommanderError } from 'commander'
import type { Host } from './host.ts'

/** The directory to work in: `--cwd`, else TASKVAULT_CWD, else the process's own; absolute. */
export function resolveCwd(host: Host, option: string | undefined): string {
  const wanted = option ?? host.env['TASKVAULT_CWD']
  const directory = path.resolve(ownDirectory(host), wanted ?? '.')
  if (wanted === undefined) return directory
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true) return directory
  const name = option === undefined ? 'TASKVAULT_CWD' : '--cwd'
  throw new CommanderError(64, 'taskvault.cwd', `${name}: there is no directory ${wanted}`)
}

function ownDirectory(host: Host): string {
  try {
    return host.cwd
  } catch {
    throw new CommanderError(64, 'taskvault.cwd', 'the working directory was deleted')
  }
}
