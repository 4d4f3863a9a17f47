import process from 'node:process'
import type { SignalSource } from '@taskvault/core'
import { keepCompiledCode } from './keep-compiled-code.ts'

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

keepCompiledCode(process)
const { mainStep } = await import('./main-step.ts')
process.exitCode = await mainStep(process.env, process.stdout, signals)
