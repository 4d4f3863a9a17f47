import process from 'node:process'
import { act } from './act.ts'
import { restoreStep } from './restore-step.ts'
import { createRunner } from './runner.ts'

process.exitCode = await act(createRunner(process.env, process.stdout), async (step) => {
  await restoreStep(step)
  return 0
})
