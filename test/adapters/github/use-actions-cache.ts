import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import type { Machine } from './run-action.ts'

/** What actions/cache does with its client, on a machine of a runner. */
export interface ClientCall {
  readonly does: 'save' | 'restore'
  readonly paths: readonly string[]
  readonly key: string
  readonly restoreKeys?: readonly string[]
}

const SCRIPT = `
const { restoreCache, saveCache } = await import(process.env.CLIENT)
const { does, paths, key, restoreKeys } = JSON.parse(process.env.CALL)
const answer = does === 'save' ? await saveCache(paths, key) : await restoreCache(paths, key, restoreKeys)
process.stdout.write('\\nANSWER ' + JSON.stringify(answer ?? null))
`

/**
 * Runs GitHub's own client, as it comes from npm.
 * @returns the number of what was saved, or the key of what was found, or null.
 */
export async function useActionsCache(machine: Machine, call: ClientCall): Promise<unknown> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', SCRIPT], {
    cwd: machine.workspace,
    env: {
      GITHUB_SERVER_URL: 'https://github.com',
      ...machine.env,
      CLIENT: import.meta.resolve('@actions/cache'),
      CALL: JSON.stringify(call),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  const [, answer] = stdout.split('\nANSWER ')
  if (answer === undefined) throw new Error(`the client ended early: ${stdout}${stderr}`)
  return JSON.parse(answer)
}
