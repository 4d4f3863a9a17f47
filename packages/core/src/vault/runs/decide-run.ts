import type { TaskKey } from '../../model/digest.ts'
import type { ChangeReason } from '../../model/explain.ts'
import type { Manifest } from '../../model/manifest.ts'
import type { ResolvedPolicy } from '../../model/policy.ts'
import { findEntry } from '../../store/entries/entries.ts'
import { isDamage, openEntry } from '../open-entry.ts'
import { readRemoteManifest } from '../sharing/receiving/read-remote-manifest.ts'
import { findTargets } from '../targets/declared-outputs.ts'
import { findTaskOutputs } from '../targets/task-outputs.ts'
import type { Vault } from '../vault.ts'
import { explainMiss } from './explain-miss.ts'
import type { RunVault, TaskWork } from './run-contract.ts'

/** What a run would do. */
export type RunDecision =
  | { readonly kind: 'hit'; readonly key: TaskKey; readonly manifest: Manifest }
  | { readonly kind: 'miss'; readonly key: TaskKey; readonly reasons: readonly ChangeReason[] }

export interface DecisionRequest {
  readonly work: TaskWork
  readonly policy: ResolvedPolicy
  readonly runVault: RunVault
}

/**
 * Decides what a run of `work` would do, without doing it: no output is touched, and no use is counted. Unlike a run, it
 * does not verify contents.
 * @throws {TaskVaultError} like `runTask` before anything has run; also on trouble with the vault.
 */
export async function decideRun(
  vault: Vault,
  { work, policy, runVault }: DecisionRequest,
): Promise<RunDecision> {
  const outputs = findTaskOutputs(work.definition, { ...vault.settings, env: work.env })
  const keyed = await runVault.fingerprint(work)
  const { key } = keyed
  const miss = (...reasons: readonly ChangeReason[]): RunDecision => ({
    kind: 'miss',
    key,
    reasons,
  })

  const judge = (manifest: Manifest): RunDecision => {
    if (findTargets(manifest, outputs) === undefined) return miss({ kind: 'outputs-changed' })
    if (manifest.exitCode === 0 || policy.cacheFailures) return { kind: 'hit', key, manifest }
    return miss({ kind: 'failed-before', exitCode: manifest.exitCode })
  }

  const entry = findEntry(vault.store, { scope: 'local', key })
  if (entry === undefined || entry.isExpired) {
    const manifest = await readRemoteManifest(vault, { task: work.task, key })
    if (manifest !== undefined) return judge(manifest)
  }
  if (entry === undefined) return miss(...(await explainMiss(vault, work.task, keyed)))
  if (entry.isExpired) return miss({ kind: 'expired' })
  try {
    using opened = await openEntry(vault.store, entry)
    return judge(opened.manifest)
  } catch (error) {
    if (!isDamage(error)) throw error
    return miss({ kind: 'damaged', detail: error.message })
  }
}
