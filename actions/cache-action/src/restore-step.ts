import path from 'node:path'
import {
  chanceName,
  TaskVaultError,
  asPassedOver,
  createKeyableWork,
  detectPlace,
  restoreTask,
  writeBegunWork,
} from '@taskvault/core'
import type { RestoreTaskOutcome } from '@taskvault/core'
import { tellItSavesLater } from './after-job.ts'
import { BEGUN_STATE, KEY_STATE } from './begun-state.ts'
import type { HalfStep } from './half-step.ts'
import { findStepWork } from './step-work.ts'
import type { StepWork } from './step-work.ts'
import { changedFiles } from './telling/changed-files.ts'
import { describeWritten, tellLookUp } from './telling/tell-keyed.ts'
import { tellOutcome } from './telling/tell-outcome.ts'

/** Who knows actions/cache finds these words in scripts. */
const MISSED = 'Failed to restore cache entry. Exiting as fail-on-cache-miss is set. Input key: '

/**
 * Puts back what is known, and tells what became of it.
 * @throws {TaskVaultError} when the workflow is wrong; ENTRY_NOT_FOUND for a miss that is to fail the job.
 */
export async function restoreStep(step: HalfStep): Promise<RestoreTaskOutcome | undefined> {
  const work = await findStepWork(step)
  const outcome = work && (await beginWork(step, work, { skipsLookup: false }))
  const { runner, inputs, opened, troubles } = step
  const { task, keyed } = inputs
  const hit = outcome?.kind === 'hit' ? outcome : outcome?.fallback
  const found = outcome?.kind === 'miss' ? outcome.found : undefined
  const reasons = outcome?.kind === 'miss' && keyed === undefined ? outcome.reasons : []
  const key = outcome?.key
  const written = work?.written && describeWritten(work.written, hit ?? found)
  const { isDisabled, lacksService } = opened
  const told = { task, key, hit, found, reasons, hadTrouble: troubles.hadSome, isDisabled }
  const status = tellOutcome(runner, { ...told, ...(written !== undefined && { written }) })
  runner.setOutput('changed-files', changedFiles(reasons))
  if (isDisabled) return undefined
  // As actions/cache has it: no service is another thing than no cache.
  if (status === 'miss' && lacksService) {
    runner.setOutput('cache-hit', 'false')
    runner.info('this runner has no cache service, so only the machine remembers')
  }
  const shown = written?.primary ?? runner.input('key')
  if (status !== 'exact' && status !== 'partial' && inputs.failsOnMiss)
    throw new TaskVaultError('ENTRY_NOT_FOUND', MISSED + (shown || (key ?? task)))
  if (work?.written !== undefined && written !== undefined) {
    runner.saveState(KEY_STATE, work.written.key)
    tellLookUp(step, { ...work.written, matched: written.matched, hit, found, status })
  }
  return outcome
}

/** The first half of the work: what is known under its key, unless that is not asked for. */
export async function beginWork(
  { runner, inputs, opened, troubles, signals }: HalfStep,
  { task, additions, fallbacks, archives }: StepWork,
  { skipsLookup }: { readonly skipsLookup: boolean },
): Promise<RestoreTaskOutcome> {
  const { settings, env, vault } = opened
  return await restoreTask(vault, {
    ...createKeyableWork(task, { settings, env, additions }),
    projectRoot: settings.projectRoot,
    policy: detectPlace(inputs.task, opened).policy,
    output: { stdout: runner.stdout, stderr: runner.stdout },
    isTerminal: false,
    skipsLookup,
    looksOnly: inputs.looksOnly,
    neverSaves: inputs.isReadOnly ? 'read-only' : undefined,
    updates: inputs.updates,
    fallbacks,
    ...(archives !== undefined && { archives }),
    now: Date.now,
    signal: signals.stopped,
    onEvent: troubles.event,
  })
}

/** Leaves word for the post half, in a file: what was hashed can be longer than a variable may be. */
export function leaveWord(
  { runner, inputs, troubles }: HalfStep,
  outcome: RestoreTaskOutcome | undefined,
): void {
  tellItSavesLater(runner, { always: inputs.savesAlways })
  if (outcome === undefined) return
  const directory = runner.env['RUNNER_TEMP'] || '/tmp'
  const file = path.join(directory, `taskvault-${chanceName()}.json`)
  try {
    writeBegunWork(file, outcome.begun)
    runner.saveState(BEGUN_STATE, file)
  } catch (error) {
    // Without it nothing is saved, which is no reason to fail the job.
    troubles.warn(asPassedOver(error).message)
  }
}
