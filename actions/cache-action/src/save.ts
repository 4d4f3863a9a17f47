import process from 'node:process'
import { act } from './act.ts'
import type { HalfStep } from './half-step.ts'
import { beginWork } from './restore-step.ts'
import { createRunner } from './runner.ts'
import { saveStep } from './save-step.ts'
import { findStepWork } from './step-work.ts'

const doStep = async (step: HalfStep): Promise<number> => {
  const work = await findStepWork(step)
  if (work === undefined) return 0
  const { begun } = await beginWork(step, work, { skipsLookup: true })
  await saveStep(step, { begun, key: work.written?.key ?? '' })
  return 0
}

process.exitCode = await act(createRunner(process.env, process.stdout), doStep, { onlySaves: true })
