import { randomUUID } from 'node:crypto'
import path from 'node:path'
import {
  TaskVaultError,
  createKeyableWork,
  detectWorkplace,
  resolvePolicy,
  restoreTask,
  writeBegunWork,
} from '@taskvault/core'
import type { RestoreTaskOutcome } from '@taskvault/core'
import { BEGUN_STATE } from './begun-state.ts'
import type { StepVault } from './open-step-vault.ts'
import type { Runner } from './runner.ts'
import type { StepInputs } from './step-inputs.ts'
import { tellOutcome } from './tell-outcome.ts'
import type { Troubles } from './troubles.ts'

/** A step between whose halves other steps do the work. */
export interface HalfStep {
  readonly runner: Runner
  readonly inputs: StepInputs
  readonly opened: StepVault
  readonly troubles: Troubles
}

/** Who knows actions/cache finds these words in scripts. */
const MISSED = 'Failed to restore cache entry. Exiting as fail-on-cache-miss is set. Input key: '

/**
 * Puts back what is known, and tells what became of it.
 * @throws {TaskVaultError} when the workflow is wrong; ENTRY_NOT_FOUND for a miss that is to fail the job.
 */
export async function restoreStep(step: HalfStep): Promise<RestoreTaskOutcome> {
  const { runner, inputs, troubles } = step
  const outcome = await beginWork(step, { skipsLookup: false })
  const { task } = inputs
  const hit = outcome.kind === 'hit' ? outcome : outcome.fallback
  const reasons = outcome.kind === 'hit' ? [] : outcome.reasons
  const { key } = outcome
  tellOutcome(runner, { task, key, hit, reasons, hadTrouble: troubles.hadSome })
  if (outcome.kind === 'hit' || !inputs.failsOnMiss) return outcome
  throw new TaskVaultError('ENTRY_NOT_FOUND', MISSED + (runner.input('key') || (key ?? task)))
}

/** The first half of the work: its key, and what is known under it unless that is not asked for. */
export async function beginWork(
  { runner, inputs, opened, troubles }: HalfStep,
  { skipsLookup }: { readonly skipsLookup: boolean },
): Promise<RestoreTaskOutcome> {
  const { settings, env, vault } = opened
  const { task, paths } = inputs
  const { projectRoot } = settings
  const additions = { ...inputs.additions, outputs: paths, command: undefined, isCache: true }
  const { subject } = detectWorkplace({ projectRoot, env })
  return await restoreTask(vault, {
    ...createKeyableWork(task, { settings, env, additions }),
    projectRoot,
    policy: resolvePolicy(settings, { task, ...subject }),
    output: { stdout: runner.stdout, stderr: runner.stdout },
    isTerminal: false,
    skipsLookup,
    neverSaves: inputs.isReadOnly ? 'read-only' : undefined,
    fallbacks: inputs.takesNewest ? [{ task }] : [],
    now: Date.now,
    onEvent: troubles.event,
  })
}

/** Leaves word for the post half, in a file: what was hashed can be longer than a variable may be. */
export function leaveWord({ runner }: HalfStep, { begun }: RestoreTaskOutcome): void {
  const directory = runner.env['RUNNER_TEMP']
  if (directory === undefined) return
  const file = path.join(directory, `taskvault-${randomUUID()}.json`)
  writeBegunWork(file, begun)
  runner.saveState(BEGUN_STATE, file)
}
