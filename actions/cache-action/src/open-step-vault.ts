import { statSync } from 'node:fs'
import { getCompileCacheDir } from 'node:module'
import path from 'node:path'
import {
  createRunVault,
  findGithubService,
  asPassedOver,
  loadSettings,
  openConfigMemory,
  openVault,
} from '@taskvault/core'
import type { ConfigMemory, RemoteSettings, RunVault, Settings } from '@taskvault/core'
import type { Runner } from './runner.ts'
import type { Troubles } from './telling/troubles.ts'

export interface StepVault extends AsyncDisposable {
  readonly settings: Settings
  /** What says who we are is in it, and no input of the action. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Undefined when there is none to be had, which was told. */
  readonly vault: RunVault | undefined
  /** Nobody is to ask, which was told. */
  readonly isDisabled: boolean
  /** There is nothing but this machine, though more was not ruled out. */
  readonly lacksService: boolean
}

/**
 * Where entries live: the configured remote store; without one, or while it does not answer, GitHub's cache service
 * where the runner tells where it is. The store of this machine lies in front of either.
 * @throws {TaskVaultError} CONFIG_INVALID, CONFIG_NOT_FOUND
 */
export async function openStepVault(runner: Runner, troubles: Troubles): Promise<StepVault> {
  const env = { ...withoutInputs(runner.env), ...readCredentials(runner) }
  const cwd = path.resolve(env['GITHUB_WORKSPACE'] ?? '.')
  const memory = openMemory()
  const loaded = await loadSettings({ cwd, configPath: undefined, env, memory })
  const service = loaded.sources.has('remote.url') && !loaded.remote ? undefined : findService(env)
  const settings: Settings = {
    ...loaded,
    remote: loaded.remote ?? service,
    cacheDirectory: loaded.sources.has('cache_dir')
      ? loaded.cacheDirectory
      : placeOnMachine(env, loaded.cacheDirectory),
  }
  const isDisabled = !env['GITHUB_REF']
  const lacksService = settings.remote === undefined && !loaded.sources.has('remote.url')
  const about = { settings, env, isDisabled, lacksService }
  const without = { ...about, vault: undefined, [Symbol.asyncDispose]: async () => {} }
  if (isDisabled) {
    runner.say(
      `[warning]Event Validation Error: The event type ${env['GITHUB_EVENT_NAME'] ?? ''} is not supported because it's not tied to a branch or tag ref.`,
    )
    return without
  }
  try {
    const fallback = loaded.remote && service && fallbackTo(service, loaded.remote)
    const vault = await openVault({ settings, env, report: troubles.event, fallback })
    const close = async (): Promise<void> => await vault[Symbol.asyncDispose]()
    return { ...about, vault: createRunVault(vault), [Symbol.asyncDispose]: close }
  } catch (error) {
    troubles.warn(asPassedOver(error).message)
    return without
  }
}

/** Of what configurations were found to say, where compiled code is kept: either is believed. Each build has its own. */
function openMemory(): ConfigMemory | undefined {
  const kept = getCompileCacheDir()
  if (kept === undefined) return undefined
  const { size, mtimeMs } = statSync(import.meta.filename)
  const directory = path.join(kept, 'configurations')
  return openConfigMemory({ directory, readBy: `action ${size} ${mtimeMs}` })
}

/** What the steps of a job are given is not changed by the inputs of this one. */
function withoutInputs(env: Runner['env']): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(INPUT|STATE)_/.test(name)))
}

function readCredentials({ input, mask }: Runner): Record<string, string> {
  const [remote, token] = [input('remote'), input('token')]
  if (token !== '') mask(token)
  return {
    ...(remote !== '' && { TASKVAULT_REMOTE: remote }),
    ...(token !== '' && { TASKVAULT_TOKEN: token }),
  }
}

/** Of a remote store that is GitHub's cache service. */
export const GITHUB_URL = 'github:'
const SECONDS_OF_WAITING = 4

function findService(env: StepVault['env']): RemoteSettings | undefined {
  if (findGithubService(env) === undefined) return undefined
  return { url: GITHUB_URL, mode: 'read-write', publicKeys: [], timeoutSeconds: SECONDS_OF_WAITING }
}

/** Nobody signs what lies at GitHub: who believes signed entries only has no use for it. */
function fallbackTo(service: RemoteSettings, { url, publicKeys }: RemoteSettings) {
  if (url === service.url || publicKeys.length > 0) return undefined
  return { remote: service, name: "GitHub's cache service" }
}

/** A checkout wipes the workspace, which would be the end of what a machine of one's own remembers. */
function placeOnMachine(env: StepVault['env'], otherwise: string): string {
  const tools = env['RUNNER_TOOL_CACHE']
  return tools ? path.join(tools, 'taskvault') : otherwise
}
