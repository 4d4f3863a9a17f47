import { AsyncLocalStorage } from 'node:async_hooks'
import { TaskVaultError, asTaskVaultError } from '../errors.ts'
import { removeFile } from '../files/remove-file.ts'
import type { TaskKey } from '../model/digest.ts'
import type { KeyedFingerprint } from '../model/fingerprint.ts'
import type { TaskName } from '../model/task.ts'
import { DEEPEST_NESTING } from '../process/held-keys.ts'
import { countComputedAround, holdWhileComputing } from '../process/keys-of-this-process.ts'
import { acquireLock } from '../store/locks/lock-file.ts'
import { reportingTrouble } from '../store/report-trouble.ts'
import { createRunVault } from './runs/run-vault.ts'
import type { Vault } from './vault.ts'

export interface Computation {
  readonly task: TaskName
  readonly work: KeyedFingerprint
  /** Whether its policy lets the result be kept here: those who wait wait for that. */
  readonly isKept: boolean
  /** Makes the result, and keeps it where that is allowed. */
  compute(): Promise<Uint8Array>
}

/** The bytes, and whether they were spared to be computed for this call. */
export type Computed = readonly [Uint8Array, boolean]

/** The keys whose results are being computed around a call, in whichever client. */
const computing = new AsyncLocalStorage<readonly TaskKey[]>()

/**
 * Makes what computes each result once, however many ask for it at the same time, here or in other
 * processes. Those who ask here share one result, or its failure, and get bytes of their own; other
 * processes look for the entry, and compute when there is none. A process that was started to compute it
 * does not wait for the one that waits for it: it computes, and is refused with ARGUMENT_INVALID once this
 * has no end.
 */
export function createComputeOnce(vault: Vault): (computation: Computation) => Promise<Computed> {
  const flights = new Map<TaskKey, Promise<Computed>>()

  const start = (computation: Computation, around: readonly TaskKey[]): Promise<Computed> => {
    const { key } = computation.work
    const flight = computing.run([...around, key], async () => {
      try {
        return await computeUnlessKept(vault, computation)
      } finally {
        flights.delete(key)
      }
    })
    flights.set(key, flight)
    return flight
  }

  return async (computation) => {
    const { key } = computation.work
    const around = computing.getStore() ?? []
    // To wait for the computation that waits for this one would be to wait for ever.
    if (around.includes(key)) return [await computation.compute(), false]
    const flight = flights.get(key)
    return flight === undefined
      ? await start(computation, around)
      : // A copy: what one of them does to it is no concern of the others.
        [new Uint8Array((await flight)[0]), true]
  }
}

async function computeUnlessKept(vault: Vault, computation: Computation): Promise<Computed> {
  const { task, work, isKept, compute } = computation
  const nesting = countComputedAround(work.key)
  if (nesting >= DEEPEST_NESTING) throw endless(task)
  const { isReadOnly, lockPath, hasEntry } = createRunVault(vault)
  const waits = isKept && !isReadOnly && nesting === 0
  await using _lock = waits ? await lockUnlessTrouble(vault, lockPath(work.key)) : undefined
  // Somebody may have kept it between the look-up and the lock.
  const found = hasEntry(work.key) ? await vault.readResult(task, work) : undefined
  if (found !== undefined) return [found, true]
  using _held = holdWhileComputing(work.key)
  return [await compute(), false]
}

function endless(task: TaskName): TaskVaultError {
  return new TaskVaultError(
    'ARGUMENT_INVALID',
    `The computation of a result of ${task} asks for that same result, nested ${DEEPEST_NESTING} times so far`,
    { hint: 'Make compute do the work itself, not start the program that asks for the result.' },
  )
}

async function lockUnlessTrouble(
  { store }: Vault,
  lockPath: string,
): Promise<AsyncDisposable | undefined> {
  try {
    await using held = new AsyncDisposableStack()
    held.use(await acquireLock(lockPath))
    // A program may compute any number. Removed while it is held: who waits sees that its file is gone.
    held.defer(() => reportingTrouble(store, 'remove a lock', () => removeFile(lockPath)))
    return held.move()
  } catch (error) {
    const { code, message } = asTaskVaultError(error, `lock ${lockPath}`)
    store.report({ kind: 'trouble', code, message })
    return undefined
  }
}
