import type { Settings } from '../config/settings.ts'
import type { Environment } from '../git/run-git.ts'
import type { TaskKey } from '../model/digest.ts'
import type { Origin } from '../model/manifest.ts'
import type { GitWork } from '../vault/fingerprints/git-work.ts'
import { createSourceVault } from '../vault/fingerprints/source-vault.ts'
import type { SourceVault } from '../vault/fingerprints/source-vault.ts'
import type { RunEvent, TaskWork } from '../vault/runs/run-contract.ts'
import { unlessTrouble } from '../vault/runs/run-trouble.ts'
import type { TroubleListener } from '../vault/runs/run-trouble.ts'
import { createTaskWork } from '../vault/runs/task-work.ts'
import type { TaskAdditions } from '../vault/runs/task-work.ts'
import type { Vault } from '../vault/vault.ts'
import { countsAsPass } from './counts-as-pass.ts'
import { findPass, foreseePass } from './find-pass.ts'
import type { NoPass } from './find-pass.ts'
import type { HookEvent, HookSurroundings, TaskVerdict } from './hook-contract.ts'
import type { HookPlaces } from './hook-places.ts'
import type { HookTarget } from './hook-targets.ts'
import type { PlannedTask } from './plan-tasks.ts'

/** One task, to be seen to for one target. */
export interface TaskCheck {
  readonly planned: PlannedTask
  readonly target: HookTarget
  readonly settings: Settings
  /** Undefined when there is none to be had, which the caller has reported. */
  readonly vault: Vault | undefined
  openPlaces(): Promise<HookPlaces>
  readonly surroundings: HookSurroundings
  /** The hook's environment, and what of it tasks get to see. */
  readonly env: Environment
  readonly taskEnv: Environment
  readonly origin: Origin
  readonly skipsLookup: boolean
  readonly explains: boolean
  readonly onEvent: (event: HookEvent) => void
}

/** A hook runs tasks as they are declared. */
export const NOTHING_ADDED: TaskAdditions = {
  inputs: [],
  outputs: [],
  env: [],
  tools: [],
  salt: undefined,
  command: undefined,
}

/**
 * Skips a task that passed before on what the target holds, else runs it, and records that it passed.
 * What only a run needs is loaded for one: most commits need none.
 * @throws {TaskVaultError} when the task cannot be meant: INPUT_MISSING, TASK_UNKNOWN, …
 */
export async function checkTask(check: TaskCheck): Promise<TaskVerdict> {
  const { planned, settings, taskEnv, vault, target, env } = check
  if (planned.mode === 'off') return { kind: 'off' }
  const { task } = planned
  const work = createTaskWork(task, { settings, env: taskEnv, additions: NOTHING_ADDED })
  if (vault === undefined)
    return await (await import('./run-not-passed.ts')).runUnknown(check, work)
  const sourceVault = createSourceVault(vault, { source: target.source, gitEnv: env })
  const trouble = listen(check, sourceVault)
  const opened = await unlessTrouble(trouble, () => sourceVault.open(work))
  if (opened === undefined)
    return await (await import('./run-not-passed.ts')).runUnknown(check, work)
  return await checkOpened({ check, vault, work, sourceVault, trouble }, opened)
}

/** A task whose content can be told from others. */
export interface OpenCheck {
  readonly check: TaskCheck
  readonly vault: Vault
  readonly work: TaskWork
  readonly sourceVault: SourceVault
  readonly trouble: TroubleListener
}

async function checkOpened(open: OpenCheck, opened: GitWork): Promise<TaskVerdict> {
  const { knownKey } = opened
  const first = knownKey === undefined ? undefined : await lookUp(open, knownKey)
  if (first?.kind === 'passed-before') return first
  const work = await unlessTrouble(open.trouble, () => opened.fingerprint())
  const runs = await import('./run-not-passed.ts')
  if (work === undefined) return await runs.runUnknown(open.check, open.work)
  // A key that was not known may still be in the vault: after a run, or on another branch.
  const second = first ?? (await lookUp(open, work.key))
  if (second.kind === 'passed-before') return second
  return await runs.runNotPassed({ ...open, keyed: work, first: second })
}

/** What is known of a key; nothing at all when every task is to run. */
export async function lookUp(
  { check, vault, trouble }: OpenCheck,
  key: TaskKey,
): Promise<Extract<TaskVerdict, { kind: 'passed-before' }> | NoPass> {
  if (check.skipsLookup) return NOTHING_KNOWN
  const { planned, origin, explains } = check
  const { task, hookPolicy } = planned
  const counts = (recorded: Origin): boolean => countsAsPass(hookPolicy.passesOf, recorded, origin)
  const find = explains ? foreseePass : findPass
  const found = await unlessTrouble(trouble, () => find(vault, { task, key, counts }))
  if (found?.kind !== 'pass') return found ?? NOTHING_KNOWN
  const { manifest } = found
  const isOwn = countsAsPass('me', manifest.origin, origin)
  return { kind: 'passed-before', key, manifest, isOwn }
}

const NOTHING_KNOWN: NoPass = { kind: 'none', because: undefined }

function listen({ planned, onEvent }: TaskCheck, vault: SourceVault): TroubleListener {
  const { task } = planned
  const request = { task, onEvent: (event: RunEvent) => onEvent({ kind: 'run', task, event }) }
  return { vault, request }
}
