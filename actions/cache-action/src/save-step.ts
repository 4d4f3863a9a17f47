import {
  TaskVaultError,
  detectWorkplace,
  readBegunWork,
  removeBegunWork,
  resolvePolicy,
  saveTask,
} from '@taskvault/core'
import type { BegunWork, SaveTaskOutcome } from '@taskvault/core'
import { BEGUN_STATE } from './restore-step.ts'
import type { HalfStep } from './restore-step.ts'

/** The post half: saves what the steps have made since the main half found nothing. */
export async function saveBegun(step: HalfStep): Promise<void> {
  const { runner } = step
  const file = runner.state(BEGUN_STATE)
  const begun = file === '' ? undefined : readBegunWork(file)
  if (begun === undefined) return runner.info('nothing to save: the first half has left no word')
  await saveStep(step, begun)
  removeBegunWork(file)
}

/**
 * Saves, and says what became of it.
 * @throws {TaskVaultError} IO_FAILED when nothing was saved, and that is to fail the job.
 */
export async function saveStep(step: HalfStep, begun: BegunWork): Promise<void> {
  const { opened, troubles } = step
  const { settings, env, vault } = opened
  const { origin, subject } = detectWorkplace({ projectRoot: settings.projectRoot, env })
  const outcome = await saveTask(vault, {
    begun,
    origin,
    policy: resolvePolicy(settings, { task: begun.task, ...subject }),
    // The runner starts this half only when all went well.
    exitCode: 0,
    env,
    now: Date.now,
    onEvent: troubles.event,
  })
  tellSaved(step, outcome)
}

function tellSaved({ runner, inputs, troubles }: HalfStep, { save, key }: SaveTaskOutcome): void {
  if (save.kind === 'saved') {
    const sent = save.remote?.sentBytes ?? 0
    runner.setOutput('uploaded-bytes', String(sent))
    runner.info(`saved ${save.fileCount} files under ${key}, sent ${sent} bytes`)
  } else if (save.because === 'restored') {
    runner.info('nothing to save: it was restored')
  } else {
    const why = save.because === 'output-missing' ? save.message : save.because
    if (save.because === 'output-missing') troubles.warn(`Nothing was saved: ${why}`)
    runner.info(`not saved: ${why}`)
  }
  const isLost =
    save.kind === 'saved'
      ? save.remote?.kind === 'failed'
      : save.because === 'trouble' || save.because === 'output-missing'
  if (isLost && inputs.failsOnSaveError)
    throw new TaskVaultError('IO_FAILED', 'Nothing was saved, and fail-on-save-error is set')
}
