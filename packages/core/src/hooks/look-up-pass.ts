import type { TaskKey } from '../model/digest.ts'
import { unlessTrouble } from '../vault/runs/run-trouble.ts'
import { countsAsPass, rulesOf } from './counts-as-pass.ts'
import { findPass, foreseePass } from './find-pass.ts'
import type { NoPass } from './find-pass.ts'
import type { TaskVerdict } from './hook-contract.ts'
import type { OpenCheck } from './open-check.ts'

/** What is known of a key; nothing at all when every task is to run. */
export async function lookUpPass(
  { check, vault, trouble }: OpenCheck,
  key: TaskKey,
): Promise<Extract<TaskVerdict, { kind: 'passed-before' }> | NoPass> {
  if (check.skipsLookup) return NOTHING_KNOWN
  const { planned, origin, explains } = check
  const { task } = planned
  const rules = rulesOf(planned, { here: origin, nowMs: vault.store.now() })
  const find = explains ? foreseePass : findPass
  const found = await unlessTrouble(trouble, () => find(vault, { task, key, rules }))
  if (found?.kind !== 'pass') return found ?? NOTHING_KNOWN
  const { manifest } = found
  const isOwn = countsAsPass('me', manifest.origin, origin)
  return { kind: 'passed-before', key, manifest, isOwn }
}

const NOTHING_KNOWN: NoPass = { kind: 'none', because: undefined }
