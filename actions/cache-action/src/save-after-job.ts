import { act } from './act.ts'
import { saveBegun } from './save-step.ts'
import type { StepHost } from './step-host.ts'

/** Saves what the job has done since the step. @returns the exit code. */
export async function saveAfterJob(host: StepHost): Promise<number> {
  return await act(
    host,
    async (step) => {
      await saveBegun(step)
      return 0
    },
    { mayRun: true, onlySaves: true },
  )
}
