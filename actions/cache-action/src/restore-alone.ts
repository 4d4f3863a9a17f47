import type { Writable } from 'node:stream'
import { act } from './act.ts'
import { restoreStep } from './restore-step.ts'
import { createRunner } from './runner.ts'
import type { Environment } from './runner.ts'

/** The half that restores, as a step of its own. @returns the exit code. */
export async function restoreAlone(env: Environment, stdout: Writable): Promise<number> {
  return await act(createRunner(env, stdout), async (step) => {
    await restoreStep(step)
    return 0
  })
}
