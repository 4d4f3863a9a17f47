import {
  detectWorkplace,
  readBegunWork,
  removeBegunWork,
  resolvePolicy,
  saveTask,
} from '@taskvault/core'
import type { BegunWork } from '@taskvault/core'
import { BEGUN_STATE } from './begun-state.ts'
import type { HalfStep } from './restore-step.ts'
import { tellSaved } from './tell-saved.ts'

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
  tellSaved(step, outcome.save)
}
