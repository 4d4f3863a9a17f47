import { spawnSync } from 'node:child_process'
import process from 'node:process'

/** Why a test that needs `command` is left out here; undefined when it is not. In CI none is. */
export function whyWithout(command: string): string | undefined {
  if (process.env['CI'] === 'true') return undefined
  const found = spawnSync('sh', ['-c', 'command -v "$0"', command])
  return found.status === 0 ? undefined : `there is no ${command} on this machine`
}
