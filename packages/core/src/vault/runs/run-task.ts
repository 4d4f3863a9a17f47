import { dirname } from 'node:path'
import { TaskVaultError } from '../../errors.ts'
import { DEEPEST_NESTING, countHeld } from '../../process/held-keys.ts'
import { acquireLock } from '../../store/locks/lock-file.ts'
import { removeOldLocks } from '../../store/locks/remove-old-locks.ts'
import { findTaskOutputs } from '../targets/task-outputs.ts'
import { lookUp } from './look-up.ts'
import { runAndSave, runUncached } from './run-and-save.ts'
import type { KeyedRun, RunOutcome, RunRequest, RunVault } from './run-contract.ts'
import { unlessTrouble } from './run-trouble.ts'

/** Every run that saves takes some of the files away that runs of other keys have left. */
const OLD_LOCKS = { olderThanMs: 3_600_000, most: 50 }

/**
 * Runs a task, or restores what it made the last time.
 *
 * Fingerprints the inputs and looks the key up. On a hit, restores the outputs and replays the log. On a miss, takes the
 * key's lock, so that no two processes do the same work; looks up again if there is an entry by then; runs the command,
 * and saves the result. Trouble with the cache is reported as an event, and the task runs without the cache.
 * @param vault undefined when no vault could be opened, which the caller has reported.
 * @throws {TaskVaultError} before anything has run, when the request is wrong: INPUT_MISSING, OUTPUT_FORBIDDEN,
 * ARGUMENT_INVALID, COMMAND_NOT_FOUND, …
 */
export async function runTask(
  vault: RunVault | undefined,
  request: RunRequest,
): Promise<RunOutcome> {
  if (vault === undefined) return await runUncached(request, { reasons: [] })
  const targets = findTaskOutputs(request.definition, { ...vault.settings, env: request.env })
  const work = await unlessTrouble({ vault, request }, () => vault.fingerprint(request))
  if (work === undefined) return await runUncached(request, { reasons: [] })
  return await runKeyed({ vault, request, targets, work })
}

async function runKeyed(run: KeyedRun): Promise<RunOutcome> {
  const { request, vault, work } = run
  const first = request.skipsLookup ? undefined : await lookUp(run)
  if (first?.kind === 'hit') return first
  const reasons = first?.reasons ?? []
  // After trouble, more of the same would only cost more time.
  if (first !== undefined && first.isTrouble)
    return await runUncached(request, { reasons, key: work.key })

  await using _lock = await lockWork(run)
  // Somebody may have done the work between the look-up and the lock.
  const second = !request.skipsLookup && vault.hasEntry(work.key) ? await lookUp(run) : undefined
  if (second?.kind === 'hit') return second
  return await runAndSave(run, second?.reasons ?? reasons)
}

/**
 * The right to do the work. Undefined when the run may go on without a lock: it saves nothing, or is part of
 * the work that holds it.
 */
export async function lockWork({
  vault,
  request,
  work,
}: KeyedRun): Promise<AsyncDisposable | undefined> {
  const nesting = countHeld(request.env, work.key)
  if (nesting >= DEEPEST_NESTING) throw endless(request)
  const saves = request.neverSaves === undefined && request.policy.write && !vault.isReadOnly
  if (nesting > 0 || !saves) return undefined
  const { onEvent, signal } = request
  return await unlessTrouble({ vault, request }, async () => {
    const lockPath = vault.lockPath(work.key)
    const lock = await acquireLock(lockPath, { signal, onWait: () => onEvent({ kind: 'waiting' }) })
    removeOldLocks(dirname(lockPath), { now: Date.now(), ...OLD_LOCKS })
    return lock
  })
}

function endless({ task }: RunRequest): TaskVaultError {
  return new TaskVaultError(
    'ARGUMENT_INVALID',
    `Task ${task} runs itself, nested ${DEEPEST_NESTING} times so far`,
    {
      hint: 'Give `taskvault run` the command that does the work, not the one that starts taskvault.',
    },
  )
}
