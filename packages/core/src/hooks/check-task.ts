import type { Settings } from '../config/settings.ts'
import type { Environment } from '../git/run-git.ts'
import type { ChangeReason } from '../model/explain.ts'
import type { KeyedFingerprint } from '../model/fingerprint.ts'
import type { Origin } from '../model/manifest.ts'
import { recordMiss } from '../store/record-use.ts'
import { explainMiss } from '../vault/explain-miss.ts'
import { findOutputTargets } from '../vault/output-targets.ts'
import { runAndSave, runUncached } from '../vault/run-and-save.ts'
import type { RunEvent, RunRequest, RunVault } from '../vault/run-contract.ts'
import { lockWork } from '../vault/run-task.ts'
import { unlessTrouble } from '../vault/run-trouble.ts'
import { createRunVault } from '../vault/run-vault.ts'
import { createTaskWork } from '../vault/task-work.ts'
import type { Vault } from '../vault/vault.ts'
import { countsAsPass } from './counts-as-pass.ts'
import { findPass } from './find-pass.ts'
import type { HookEvent, HookSurroundings, TaskVerdict } from './hook-contract.ts'
import type { HookPlaces, OpenPlace } from './hook-places.ts'
import type { HookTarget } from './hook-targets.ts'
import { createPlacedVault } from './placed-vault.ts'
import type { PlannedTask } from './plan-tasks.ts'

/** One task, to be seen to for one target. */
export interface TaskCheck {
  readonly planned: PlannedTask
  readonly target: HookTarget
  readonly settings: Settings
  /** Undefined when there is none to be had, which the caller has reported. */
  readonly vault: Vault | undefined
  readonly places: HookPlaces
  readonly surroundings: HookSurroundings
  /** The hook's environment, and what of it tasks get to see. */
  readonly env: Environment
  readonly taskEnv: Environment
  readonly origin: Origin
  readonly skipsLookup: boolean
  readonly explains: boolean
  readonly onEvent: (event: HookEvent) => void
}

const NOTHING_ADDED = {
  inputs: [],
  outputs: [],
  env: [],
  tools: [],
  salt: undefined,
  command: undefined,
}

/**
 * Skips a task that passed before on what the target holds, else runs it, and records that it passed.
 * @throws {TaskVaultError} when the task cannot be meant: INPUT_MISSING, TASK_UNKNOWN, …
 */
export async function checkTask(check: TaskCheck): Promise<TaskVerdict> {
  if (check.planned.mode === 'off') return { kind: 'off' }
  const { vault, target, env } = check
  const request = createRequest(check)
  if (vault === undefined) return await runUnknown(check, request)
  const sourceVault = createRunVault(vault, { source: target.source, gitEnv: env })
  const work = await unlessTrouble({ vault: sourceVault, request }, () =>
    sourceVault.fingerprint(request),
  )
  if (work === undefined) return await runUnknown(check, request)
  return await checkKeyed({ check, vault, request, sourceVault, work })
}

interface KeyedCheck {
  readonly check: TaskCheck
  readonly vault: Vault
  readonly request: RunRequest
  readonly sourceVault: RunVault
  /** What the work depends on in the target. */
  readonly work: KeyedFingerprint
}

async function checkKeyed(keyed: KeyedCheck): Promise<TaskVerdict> {
  const { check, request, sourceVault, work } = keyed
  const first = check.skipsLookup ? undefined : await lookUp(keyed)
  if (first?.kind === 'passed-before') return first
  if (check.explains) return { kind: 'would-run', key: work.key, reasons: first?.reasons ?? [] }
  const targets = findOutputTargets(request.definition.outputs, check.settings)
  await using _lock = await lockWork({ vault: sourceVault, request, targets, work })
  // Somebody may have done the work between the look-up and the lock.
  const mayBeKnown = !check.skipsLookup && sourceVault.hasEntry(work.key)
  const second = mayBeKnown ? await lookUp(keyed) : undefined
  if (second?.kind === 'passed-before') return second
  return await runPlaced(keyed, second?.reasons ?? first?.reasons ?? [])
}

type LookUp =
  | Extract<TaskVerdict, { kind: 'passed-before' }>
  | { readonly kind: 'unknown'; readonly reasons: readonly ChangeReason[] }

async function lookUp({ check, vault, request, sourceVault, work }: KeyedCheck): Promise<LookUp> {
  const { planned, origin } = check
  const counts = (recorded: Origin): boolean =>
    countsAsPass(planned.hookPolicy.passesOf, recorded, origin)
  const { key } = work
  const found = await unlessTrouble({ vault: sourceVault, request }, async (): Promise<LookUp> => {
    const pass = await findPass(vault, { key, counts, isUse: !check.explains })
    if (pass.kind === 'pass') {
      const { manifest } = pass
      const isOwn = countsAsPass('me', manifest.origin, origin)
      return { kind: 'passed-before', key, manifest, isOwn }
    }
    const reasons =
      pass.because === undefined
        ? await explainMiss(vault.store, request.task, work)
        : [pass.because]
    if (!check.explains) recordMiss(vault.store, { task: request.task, key, reasons })
    return { kind: 'unknown', reasons }
  })
  return found ?? { kind: 'unknown', reasons: [] }
}

async function runPlaced(
  { check, vault, request, sourceVault, work }: KeyedCheck,
  reasons: readonly ChangeReason[],
): Promise<TaskVerdict> {
  const opened = await openPlace(check, request)
  const placed = { ...request, directory: opened.projectRoot }
  const places = { projectRoot: opened.projectRoot, cacheDirectory: check.settings.cacheDirectory }
  const run = {
    vault: createPlacedVault(vault, { opened, wanted: work, work: placed, sourceVault }),
    request: opened.place.kind === 'unstaged' ? unrecorded(placed) : placed,
    targets: findOutputTargets(request.definition.outputs, places),
    work,
  }
  return { kind: 'ran', outcome: await runAndSave(run, reasons), place: opened.place }
}

/** Runs a task of which no key can be told: its result cannot be recorded. */
async function runUnknown(check: TaskCheck, request: RunRequest): Promise<TaskVerdict> {
  if (check.explains) return { kind: 'would-run', key: undefined, reasons: [] }
  const { place, projectRoot } = await openPlace(check, request)
  const outcome = await runUncached({ ...request, directory: projectRoot }, { reasons: [] })
  return { kind: 'ran', outcome, place }
}

async function openPlace(check: TaskCheck, request: RunRequest): Promise<OpenPlace> {
  const { task, hookPolicy } = check.planned
  const opened = await check.places.open(request, hookPolicy.unstaged)
  check.onEvent({ kind: 'place', task, place: opened.place })
  return opened
}

function unrecorded(request: RunRequest): RunRequest {
  return { ...request, neverSaves: 'no-save' }
}

function createRequest(check: TaskCheck): RunRequest {
  const { planned, settings, surroundings, taskEnv, origin, onEvent, skipsLookup } = check
  const { task, policy } = planned
  const work = createTaskWork(task, { settings, env: taskEnv, additions: NOTHING_ADDED })
  return {
    ...work,
    ...surroundings,
    policy: { ...policy, cacheFailures: false },
    origin,
    skipsLookup,
    neverSaves: undefined,
    onEvent: (event: RunEvent) => onEvent({ kind: 'run', task, event }),
  }
}
