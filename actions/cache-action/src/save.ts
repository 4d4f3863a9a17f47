import process from 'node:process'
import { act } from './act.ts'
import { beginWork } from './restore-step.ts'
import { createRunner } from './runner.ts'
import { saveStep } from './save-step.ts'

process.exitCode = await act(createRunner(process.env, process.stdout), async (step) => {
  const { begun } = await beginWork(step, { skipsLookup: true })
  await saveStep(step, begun)
  return 0
})
