import { isTaskVaultError } from '@taskvault/core'
import type { HalfStep } from './half-step.ts'
import { openStepVault } from './open-step-vault.ts'
import type { Runner } from './runner.ts'
import { readStepInputs } from './step-inputs.ts'
import { createTroubles } from './troubles.ts'

/**
 * Opens what a step needs, does it, and ends the step: with a status of its own only when the workflow is
 * wrong, or asks for that.
 * @returns the status of the process.
 */
export async function act(
  runner: Runner,
  work: (step: HalfStep) => Promise<number>,
  { mayRun = false }: { readonly mayRun?: boolean } = {},
): Promise<number> {
  try {
    const troubles = createTroubles(runner)
    const inputs = readStepInputs(runner, { mayRun })
    await using opened = await openStepVault(runner, troubles)
    return await work({ runner, inputs, opened, troubles })
  } catch (error) {
    if (!isTaskVaultError(error)) throw error
    runner.error(error.hint === undefined ? error.message : `${error.message}. ${error.hint}`)
    return 1
  }
}
