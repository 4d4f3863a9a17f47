import { isTaskVaultError } from '@taskvault/core'
import type { HalfStep } from './half-step.ts'
import { openStepVault } from './open-step-vault.ts'
import type { Runner } from './runner.ts'
import { readStepInputs } from './step-inputs.ts'
import { createTroubles } from './troubles.ts'

interface ActOptions {
  readonly mayRun?: boolean
  /** What keeps a step from saving fails the job only where that is asked for. */
  readonly onlySaves?: boolean
}

/**
 * Opens what a step needs, does it, and ends the step: with a status of its own only when the workflow is
 * wrong, or asks for that.
 * @returns the status of the process.
 */
export async function act(
  runner: Runner,
  work: (step: HalfStep) => Promise<number>,
  { mayRun = false, onlySaves = false }: ActOptions = {},
): Promise<number> {
  try {
    const troubles = createTroubles(runner)
    const inputs = readStepInputs(runner, { mayRun })
    await using opened = await openStepVault(runner, troubles)
    return await work({ runner, inputs, opened, troubles })
  } catch (error) {
    if (!isTaskVaultError(error)) throw error
    const message = error.hint === undefined ? error.message : `${error.message}. ${error.hint}`
    if (!onlySaves || runner.input('fail-on-save-error') === 'true') {
      runner.error(message)
      return 1
    }
    runner.warning(message)
    return 0
  }
}
