import process from 'node:process'
import { act } from './act.ts'
import type { HalfStep } from './restore-step.ts'
import { createRunner } from './runner.ts'
import { saveBegun } from './save-step.ts'

const finishStep = async (step: HalfStep): Promise<number> => {
  await saveBegun(step)
  return 0
}

process.exitCode = await act(createRunner(process.env, process.stdout), finishStep, {
  mayRun: true,
})
