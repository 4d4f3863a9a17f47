import type { Runner } from './runner.ts'

/*
 * Variables by which the runner knows, from `post-if` in action.yml, whether to start the second half of the steps
 * of a job. They are set and never taken back, so that steps may run side by side; and a runner that knows
 * no variables there starts every half.
 */
const SAVE_ALWAYS = 'TASKVAULT_SAVE_ALWAYS'
const SAVES_LATER = 'TASKVAULT_SAVES_LATER'
const SAVED_ALREADY = 'TASKVAULT_SAVED_ALREADY'

/** A step of this job is to be saved when the job ends: when it has failed, too, if `always`. */
export function tellItSavesLater(runner: Runner, { always }: { readonly always: boolean }): void {
  runner.exportVariable(SAVES_LATER, 'true')
  if (always) runner.exportVariable(SAVE_ALWAYS, 'true')
}

/** This step leaves nothing to be done when the job ends: without others, no process need be started then. */
export function tellItSavedAlready(runner: Runner): void {
  runner.exportVariable(SAVED_ALREADY, 'true')
}
