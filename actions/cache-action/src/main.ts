import process from 'node:process'
import { act } from './act.ts'
import { leaveWord, restoreStep } from './restore-step.ts'
import { runStep } from './run-step.ts'
import { createRunner } from './runner.ts'

process.exitCode = await act(createRunner(process.env, process.stdout), async (step) => {
  const { command } = step.inputs
  if (command !== undefined) return await runStep({ ...step, command })
  leaveWord(step, await restoreStep(step))
  return 0
})
