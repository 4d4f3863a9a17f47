import { detectPlace, notesOfKey, readBegunWork, removeBegunWork, saveTask } from '@taskvault/core'
import type { BegunWork } from '@taskvault/core'
import { BEGUN_STATE, KEY_STATE } from './begun-state.ts'
import type { HalfStep } from './half-step.ts'
import { tellSavedKey } from './telling/tell-keyed.ts'
import { tellSaved } from './telling/tell-saved.ts'

/** What a job's status says against saving: its steps may have done half of their work. */
const WHY_NOT: Readonly<Record<string, string>> = {
  failure: 'the job has failed',
  cancelled: 'the job was cancelled',
}

/** The post half: saves what the steps have made since the main half found nothing. */
export async function saveBegun(step: HalfStep): Promise<void> {
  const { runner, inputs } = step
  // Another step may have asked for it, and then this half is started as well.
  const why = WHY_NOT[runner.input('job-status')]
  if (why !== undefined && !inputs.savesAlways) return runner.info(`not saved: ${why}`)
  const file = runner.state(BEGUN_STATE)
  const begun = file === '' ? undefined : readBegunWork(file)
  if (begun === undefined) return runner.info('nothing to save: the restore step left no notes')
  await saveStep(step, { begun, key: runner.state(KEY_STATE) })
  removeBegunWork(file)
}

interface Begun {
  readonly begun: BegunWork
  /** As somebody has written it; empty: it is the digest of what the work reads. */
  readonly key: string
}

/**
 * Saves, and says what became of it.
 * @throws {TaskVaultError} IO_FAILED when nothing was saved, and that is to fail the job.
 */
export async function saveStep(step: HalfStep, { begun, key }: Begun): Promise<void> {
  const { opened, inputs, runner, troubles } = step
  const { env, vault, isDisabled } = opened
  if (isDisabled) return runner.info('not saved: the cache is not used')
  const { origin, policy } = detectPlace(inputs.task, opened)
  const outcome = await saveTask(vault, {
    begun,
    origin,
    policy: { ...policy, ...inputs.policy },
    // Of a job that failed, nothing is saved but for who asks for it.
    exitCode: 0,
    env,
    archive: inputs.keyed?.savesArchive === true ? { ...inputs.keyed, keys: [key] } : undefined,
    replaces: inputs.updates,
    notes: key === '' ? undefined : notesOfKey(begun.task, key),
    now: Date.now,
    onEvent: troubles.event,
  })
  if (key !== '') tellSavedKey(step, key, outcome.save)
  tellSaved(step, outcome.save)
}
