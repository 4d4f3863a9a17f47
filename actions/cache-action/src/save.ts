import process from 'node:process'
import { act } from './act.ts'
import { beginWork } from './restore-step.ts'
import { createRunner } from './runner.ts'
import { saveStep } from './save-step.ts'
import { findStepWork } from './step-work.ts'

process.exitCode = await act(createRunner(process.env, process.stdout), async (step) => {
  const work = await findStepWork(step)
  if (work === undefined) return 0
  const { begun } = await beginWork(step, work, { skipsLookup: true })
  await saveStep(step, { begun, key: work.written?.key ?? '' })
  return 0
})
