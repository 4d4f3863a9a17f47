import type { Writable } from 'node:stream'
import type { SignalSource } from '@taskvault/core'
import { act } from './act.ts'
import { tellItSavedAlready } from './after-job.ts'
import type { HalfStep } from './half-step.ts'
import { leaveWord, restoreStep } from './restore-step.ts'
import { runStep } from './run-step.ts'
import { createRunner } from './runner.ts'
import type { Environment } from './runner.ts'

/** Restores, or runs a command unless its work is known. @returns the exit code. */
export async function mainStep(
  env: Environment,
  stdout: Writable,
  signals: SignalSource,
): Promise<number> {
  const doStep = async (step: HalfStep): Promise<number> => {
    const { command } = step.inputs
    if (command !== undefined) {
      tellItSavedAlready(step.runner)
      return await runStep({ ...step, command, signals })
    }
    leaveWord(step, await restoreStep(step))
    return 0
  }
  return await act(createRunner(env, stdout), doStep, { mayRun: true })
}
