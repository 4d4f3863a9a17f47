import type { StopSignals } from '@taskvault/core'
import type { StepInputs } from './inputs/step-inputs.ts'
import type { StepVault } from './open-step-vault.ts'
import type { Runner } from './runner.ts'
import type { Troubles } from './telling/troubles.ts'

/** A step between whose halves other steps do the work. */
export interface HalfStep {
  readonly runner: Runner
  readonly inputs: StepInputs
  readonly opened: StepVault
  readonly troubles: Troubles
  /** Of the runner, when the job is cancelled. */
  readonly signals: Pick<StopSignals, 'stopped' | 'ofCommand'>
}
