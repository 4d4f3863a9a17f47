import process from 'node:process'
import { onSignalsOf } from '@taskvault/core/stop-signals'
import type { StepHost } from './step-host.ts'

/** What a runner sends when a job is cancelled, seven seconds apart; three seconds later it kills. */
const STOPS = ['SIGINT', 'SIGTERM'] as const

/** Does a half of a step as this process, and ends it. */
export async function runHalf(half: (host: StepHost) => Promise<number>): Promise<void> {
  const { env, stdout } = process
  const exitCode = await half({ env, stdout, onStopSignal: onSignalsOf(process, STOPS) })
  // Not left to run out: after a signal, the work that it cut short may still be waiting for something.
  stdout.write('', () => process.exit(exitCode))
}
