import type { Writable } from 'node:stream'
import { act } from './act.ts'
import { createRunner } from './runner.ts'
import type { Environment } from './runner.ts'
import { saveBegun } from './save-step.ts'

/** Saves what the job has done since the step. @returns the exit code. */
export async function saveAfterJob(env: Environment, stdout: Writable): Promise<number> {
  return await act(
    createRunner(env, stdout),
    async (step) => {
      await saveBegun(step)
      return 0
    },
    { mayRun: true, onlySaves: true },
  )
}
