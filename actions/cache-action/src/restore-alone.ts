import { act } from './act.ts'
import { restoreStep } from './restore-step.ts'
import type { StepHost } from './step-host.ts'

/** The half that restores, as a step of its own. @returns the exit code. */
export async function restoreAlone(host: StepHost): Promise<number> {
  return await act(host, async (step) => {
    await restoreStep(step)
    return 0
  })
}
