import { act } from './act.ts'
import type { HalfStep } from './half-step.ts'
import { beginWork } from './restore-step.ts'
import { saveStep } from './save-step.ts'
import type { StepHost } from './step-host.ts'
import { findStepWork } from './step-work.ts'

const doStep = async (step: HalfStep): Promise<number> => {
  const work = await findStepWork(step)
  if (work === undefined) return 0
  const { begun } = await beginWork(step, work, { skipsLookup: true })
  await saveStep(step, { begun, key: work.written?.key ?? '' })
  return 0
}

/** The half that saves, as a step of its own. @returns the exit code. */
export async function saveAlone(host: StepHost): Promise<number> {
  return await act(host, doStep, { onlySaves: true })
}
