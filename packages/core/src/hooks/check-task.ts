import type { GitWork } from '../vault/fingerprints/git-work.ts'
import { createSourceVault } from '../vault/fingerprints/source-vault.ts'
import type { SourceVault } from '../vault/fingerprints/source-vault.ts'
import type { RunEvent } from '../vault/runs/run-contract.ts'
import { unlessTrouble } from '../vault/runs/run-trouble.ts'
import type { TroubleListener } from '../vault/runs/run-trouble.ts'
import { createTaskWork } from '../vault/runs/task-work.ts'
import type { TaskAdditions } from '../vault/runs/task-work.ts'
import type { TaskVerdict } from './hook-contract.ts'
import { lookUpPass } from './look-up-pass.ts'
import type { OpenCheck, TaskCheck } from './open-check.ts'

/** A hook runs tasks as they are declared. */
export const NOTHING_ADDED: TaskAdditions = {
  inputs: [],
  outputs: [],
  env: [],
  tools: [],
  salt: undefined,
  command: undefined,
}

/**
 * Skips a task that passed before on what the target holds, else runs it, and records that it passed.
 * What only a run needs is loaded for one: most commits need none.
 * @throws {TaskVaultError} when the task cannot be meant: INPUT_MISSING, TASK_UNKNOWN, …
 */
export async function checkTask(check: TaskCheck): Promise<TaskVerdict> {
  const { planned, settings, taskEnv, vault, target, env } = check
  if (planned.mode === 'off') return { kind: 'off' }
  const { task } = planned
  const work = createTaskWork(task, { settings, env: taskEnv, additions: NOTHING_ADDED })
  if (vault === undefined)
    return await (await import('./run-not-passed.ts')).runUnknown(check, work)
  const sourceVault = createSourceVault(vault, { source: target.source, gitEnv: env })
  const trouble = listen(check, sourceVault)
  const opened = await unlessTrouble(trouble, () => sourceVault.open(work))
  if (opened === undefined)
    return await (await import('./run-not-passed.ts')).runUnknown(check, work)
  return await checkOpened({ check, vault, work, sourceVault, trouble }, opened)
}

async function checkOpened(open: OpenCheck, opened: GitWork): Promise<TaskVerdict> {
  const { knownKey } = opened
  const first = knownKey === undefined ? undefined : await lookUpPass(open, knownKey)
  if (first?.kind === 'passed-before') return first
  const work = await unlessTrouble(open.trouble, () => opened.fingerprint())
  const runs = await import('./run-not-passed.ts')
  if (work === undefined) return await runs.runUnknown(open.check, open.work)
  // A key that was not known may still be in the vault: after a run, or on another branch.
  const second = first ?? (await lookUpPass(open, work.key))
  if (second.kind === 'passed-before') return second
  return await runs.runNotPassed({ ...open, opened, keyed: work, first: second })
}

function listen({ planned, onEvent }: TaskCheck, vault: SourceVault): TroubleListener {
  const { task } = planned
  const request = { task, onEvent: (event: RunEvent) => onEvent({ kind: 'run', task, event }) }
  return { vault, request }
}
