import { act } from './act.ts'
import { tellItSavedAlready } from './after-job.ts'
import type { HalfStep } from './half-step.ts'
import { leaveWord, restoreStep } from './restore-step.ts'
import { runStep } from './run-step.ts'
import type { StepHost } from './step-host.ts'

const doStep = async (step: HalfStep): Promise<number> => {
  const { command } = step.inputs
  if (command !== undefined) {
    tellItSavedAlready(step.runner)
    return await runStep({ ...step, command })
  }
  leaveWord(step, await restoreStep(step))
  return 0
}

/** Restores, or runs a command unless its work is known. @returns the exit code. */
export async function mainStep(host: StepHost): Promise<number> {
  return await act(host, doStep, { mayRun: true })
}
