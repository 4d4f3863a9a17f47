import type { ChangeReason } from '../model/explain.ts'
import type { KeyedFingerprint } from '../model/fingerprint.ts'
import { recordMiss } from '../store/entries/record-use.ts'
import type { GitWork } from '../vault/fingerprints/git-work.ts'
import { explainMiss } from '../vault/runs/explain-miss.ts'
import { runAndSave, runUncached } from '../vault/runs/run-and-save.ts'
import type { RunEvent, RunRequest, TaskWork } from '../vault/runs/run-contract.ts'
import { lockWork } from '../vault/runs/run-task.ts'
import { findTaskOutputs } from '../vault/targets/task-outputs.ts'
import type { NoPass } from './find-pass.ts'
import type { TaskVerdict } from './hook-contract.ts'
import type { OpenPlace } from './hook-places.ts'
import { lookUpPass } from './look-up-pass.ts'
import type { OpenCheck, TaskCheck } from './open-check.ts'
import { createPlacedVault } from './placed-vault.ts'

/** A task that is not known to have passed. */
export interface NotPassed extends OpenCheck {
  readonly opened: GitWork
  /** What the work depends on in the target. */
  readonly keyed: KeyedFingerprint
  readonly first: NoPass
}

/** Runs a task where the target's content is, and records that it passed. */
export async function runNotPassed(open: NotPassed): Promise<TaskVerdict> {
  const { check, work, sourceVault, keyed } = open
  const reasons = await describeMiss(open)
  if (check.explains) return { kind: 'would-run', key: keyed.key, reasons }
  const request = await createRequest(check, work)
  const targets = findTaskOutputs(work.definition, { ...check.settings, env: work.env })
  await using _lock = await lockWork({ vault: sourceVault, request, targets, work: keyed })
  // Somebody may have done the work between the look-up and the lock.
  const second = sourceVault.hasEntry(keyed.key) ? await lookUpPass(open, keyed.key) : open.first
  if (second.kind === 'passed-before') return second
  return await runPlaced(open, request, reasons)
}

/** Runs a task of which no key can be told: its result cannot be recorded. */
export async function runUnknown(check: TaskCheck, work: TaskWork): Promise<TaskVerdict> {
  if (check.explains) return { kind: 'would-run', key: undefined, reasons: [] }
  const request = await createRequest(check, work)
  const { place, projectRoot } = await openPlace(check, request)
  const outcome = await runUncached({ ...request, directory: projectRoot }, { reasons: [] })
  return { kind: 'ran', outcome, place }
}

/** Why the task runs; nobody asks that of one that is run whatever is known. */
async function describeMiss({
  check,
  vault,
  keyed,
  first: { because },
}: NotPassed): Promise<readonly ChangeReason[]> {
  if (check.skipsLookup) return []
  const { task } = check.planned
  const reasons = because === undefined ? await explainMiss(vault, task, keyed) : [because]
  if (!check.explains) recordMiss(vault.store, { task, key: keyed.key, reasons })
  return reasons
}

async function runPlaced(
  { check, vault, sourceVault, opened: work, keyed }: NotPassed,
  request: RunRequest,
  reasons: readonly ChangeReason[],
): Promise<TaskVerdict> {
  const opened = await openPlace(check, request)
  const { place, projectRoot } = opened
  const placed = { ...request, directory: projectRoot }
  const { cacheDirectory } = check.settings
  const run = {
    vault: createPlacedVault(vault, { opened, wanted: keyed, work: request, sourceVault }),
    request: place.kind === 'unstaged' ? unrecorded(placed) : placed,
    targets: findTaskOutputs(request.definition, { projectRoot, cacheDirectory, env: request.env }),
    work: keyed,
  }
  const outcome = await runAndSave(run, reasons)
  if (outcome.save.kind === 'saved') work.noteSaved()
  return { kind: 'ran', outcome, place }
}

async function openPlace(check: TaskCheck, request: RunRequest): Promise<OpenPlace> {
  const { task, hookPolicy } = check.planned
  const places = await check.openPlaces()
  const opened = await places.open(request, hookPolicy.unstaged)
  check.onEvent({ kind: 'place', task, place: opened.place })
  return opened
}

function unrecorded(request: RunRequest): RunRequest {
  return { ...request, neverSaves: 'no-save' }
}

async function createRequest(check: TaskCheck, work: TaskWork): Promise<RunRequest> {
  const { planned, surroundings, origin, onEvent, skipsLookup } = check
  const { task, policy } = planned
  return {
    ...work,
    ...(await surroundings()),
    policy: { ...policy, cacheFailures: false },
    origin,
    skipsLookup,
    neverSaves: undefined,
    onEvent: (event: RunEvent) => onEvent({ kind: 'run', task, event }),
  }
}
