import { loadSettings, openVault, parseTaskName, fingerprintContent } from '@taskvault/core'
import type {
  KeyedFingerprint,
  Report,
  SaveRequest,
  Settings,
  TaskName,
  Vault,
} from '@taskvault/core'

export const TASK: TaskName = parseTaskName('faults')

export interface TestVaultOptions {
  readonly project: string
  readonly limitBytes?: number
  readonly now?: () => number
  readonly report?: Report
}

/** The settings of a project without configuration, on nobody's machine. */
export async function settingsOf({ project, limitBytes }: TestVaultOptions): Promise<Settings> {
  const settings = await loadSettings({ cwd: project, env: {} })
  return limitBytes === undefined ? settings : { ...settings, maxSizeBytes: limitBytes }
}

export async function openTestVault(options: TestVaultOptions): Promise<Vault> {
  const { now, report } = options
  const settings = await settingsOf(options)
  return await openVault({ settings, ...(now && { now }), ...(report && { report }) })
}

export async function workOf(
  { algorithm, statCache }: Vault,
  name: string,
  task: TaskName = TASK,
): Promise<KeyedFingerprint> {
  const context = { algorithm, statCache, now: Date.now }
  return await fingerprintContent({ task, content: Buffer.from(name) }, context)
}

/** Saves under a key that follows from `name` alone. */
export async function saveUnder(
  vault: Vault,
  name: string,
  outputs: SaveRequest['outputs'],
): ReturnType<Vault['save']> {
  const policy = {
    ttlSeconds: undefined,
    maxSizeBytes: undefined,
    strategy: 'lru',
    cacheFailures: false,
    write: true,
  } as const
  const work = await workOf(vault, name)
  return await vault.save({
    task: TASK,
    work,
    outputs,
    exitCode: 0,
    durationMs: 5,
    origin: {},
    policy,
  })
}
