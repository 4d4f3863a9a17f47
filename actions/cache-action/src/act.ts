import { isTaskVaultError } from '@taskvault/core'
import { createStopSignals } from '@taskvault/core/stop-signals'
import type { HalfStep } from './half-step.ts'
import { readStepInputs } from './inputs/step-inputs.ts'
import { openStepVault } from './open-step-vault.ts'
import { createRunner } from './runner.ts'
import type { Runner } from './runner.ts'
import type { StepHost } from './step-host.ts'
import { createTroubles } from './telling/troubles.ts'

interface ActOptions {
  readonly mayRun?: boolean
  /** What keeps a step from saving fails the job only where that is asked for. */
  readonly onlySaves?: boolean
}

/**
 * Opens what a step needs, does it, and ends the step: with a status of its own only when the workflow is
 * wrong, or asks for that; or because the job is cancelled, of which nothing is told then.
 * @returns the status of the process.
 */
export async function act(
  { env, stdout, onStopSignal }: StepHost,
  work: (step: HalfStep) => Promise<number>,
  { mayRun = false, onlySaves = false }: ActOptions = {},
): Promise<number> {
  const signals = createStopSignals(onStopSignal)
  const runner = createRunner(env, stdout, signals.stopped)
  try {
    const troubles = createTroubles(runner)
    const inputs = readStepInputs(runner, { mayRun })
    await using opened = await openStepVault(runner, troubles)
    const close = async (): Promise<void> => await opened[Symbol.asyncDispose]()
    return await signals.untilStopped(work({ runner, inputs, opened, troubles, signals }), close)
  } catch (error) {
    return fail(runner, error, { onlySaves })
  }
}

/** @throws `error` itself when it is a bug. */
function fail(
  runner: Runner,
  error: unknown,
  { onlySaves }: Required<Pick<ActOptions, 'onlySaves'>>,
): number {
  if (!isTaskVaultError(error)) throw error
  const message = error.hint === undefined ? error.message : `${error.message}. ${error.hint}`
  if (!onlySaves || runner.input('fail-on-save-error') === 'true') {
    runner.error(message)
    return 1
  }
  runner.warning(message)
  return 0
}
