import process from 'node:process'
import { act } from './act.ts'
import { createRunner } from './runner.ts'
import { saveBegun } from './save-step.ts'

process.exitCode = await act(createRunner(process.env, process.stdout), async (step) => {
  if (step.inputs.command === undefined) await saveBegun(step)
  return 0
})
