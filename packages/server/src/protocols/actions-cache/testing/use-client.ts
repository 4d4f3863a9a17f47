import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

/** What the client does, one after the other, in one process. */
export type ClientStep =
  | { readonly do: 'write'; readonly file: string; readonly text: string }
  | { readonly do: 'remove'; readonly file: string }
  | {
      readonly do: 'save' | 'restore'
      readonly paths: readonly string[]
      readonly key: string
      readonly restoreKeys?: readonly string[]
      /** Instead of the client's own. */
      readonly token?: string
    }

export interface ClientOptions {
  /** Where it works; absolute. */
  readonly workspace: string
  readonly url: string
  readonly token: string
  readonly service: 'v1' | 'v2'
}

export interface ClientResult {
  /** What each call returned: a cache's number, the key that was found, null, or the error that it threw. */
  readonly returned: readonly unknown[]
  /** Everything that it printed, warnings among it. */
  readonly log: string
}

const SCRIPT = `
import { rmSync, writeFileSync } from 'node:fs'
const { restoreCache, saveCache } = await import(process.env.CLIENT)
const returned = []
for (const step of JSON.parse(process.env.STEPS)) {
  if (step.do === 'write') writeFileSync(step.file, step.text)
  else if (step.do === 'remove') rmSync(step.file)
  else returned.push(await call(step))
}
process.stdout.write('\\nRESULT ' + JSON.stringify(returned))
async function call({ do: name, paths, key, restoreKeys, token = process.env.TOKEN }) {
  process.env.ACTIONS_RUNTIME_TOKEN = token
  try {
    if (name === 'save') return await saveCache(paths, key)
    return (await restoreCache(paths, key, restoreKeys)) ?? null
  } catch (error) {
    return error.name + ': ' + error.message
  }
}
`

/** Runs GitHub's own client, as it comes from npm, in a process with a runner's environment. */
export async function useClient(
  options: ClientOptions,
  steps: readonly ClientStep[],
): Promise<ClientResult> {
  const { workspace, url, token, service } = options
  const child = spawn(process.execPath, ['--input-type=module', '--eval', SCRIPT], {
    cwd: workspace,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: workspace,
      GITHUB_WORKSPACE: workspace,
      GITHUB_SERVER_URL: 'https://github.com',
      RUNNER_TEMP: workspace,
      ...(service === 'v2'
        ? { ACTIONS_CACHE_SERVICE_V2: 'True', ACTIONS_RESULTS_URL: `${url}/` }
        : { ACTIONS_CACHE_URL: `${url}/` }),
      CLIENT: import.meta.resolve('@actions/cache'),
      TOKEN: token,
      STEPS: JSON.stringify(steps),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  const [log = '', result] = stdout.split('\nRESULT ')
  if (result === undefined) throw new Error(`the client ended early: ${stdout}${stderr}`)
  return { returned: JSON.parse(result) as readonly unknown[], log: log + stderr }
}
