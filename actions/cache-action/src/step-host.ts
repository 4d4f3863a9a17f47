import type { Writable } from 'node:stream'
import type { OnStopSignal } from '@taskvault/core'
import type { Environment } from './runner.ts'

/** What a half of a step takes from the process around it. */
export interface StepHost {
  readonly env: Environment
  readonly stdout: Writable
  readonly onStopSignal: OnStopSignal
}
