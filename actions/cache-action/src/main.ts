import process from 'node:process'
import type { SignalSource } from '@taskvault/core'
import { act } from './act.ts'
import type { HalfStep } from './half-step.ts'
import { leaveWord, restoreStep } from './restore-step.ts'
import { runStep } from './run-step.ts'
import { createRunner } from './runner.ts'

/** What a runner sends when a job is cancelled: the command is to end, and this after it. */
const STOPS = ['SIGINT', 'SIGTERM'] as const
const signals: SignalSource = (listener) => {
  for (const name of STOPS) process.on(name, listener)
  return {
    [Symbol.dispose]() {
      for (const name of STOPS) process.off(name, listener)
    },
  }
}

const doStep = async (step: HalfStep): Promise<number> => {
  const { command } = step.inputs
  if (command !== undefined) return await runStep({ ...step, command, signals })
  leaveWord(step, await restoreStep(step))
  return 0
}

process.exitCode = await act(createRunner(process.env, process.stdout), doStep, { mayRun: true })
