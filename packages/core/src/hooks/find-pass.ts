import { isTaskVaultError } from '../errors.ts'
import type { TaskKey } from '../model/digest.ts'
import type { ChangeReason } from '../model/explain.ts'
import type { Manifest, Origin } from '../model/manifest.ts'
import { findEntry } from '../store/entries.ts'
import { recordHit } from '../store/record-use.ts'
import { dismissDamaged } from '../vault/dismiss-damaged.ts'
import { isDamage, openEntry } from '../vault/open-entry.ts'
import type { Vault } from '../vault/vault.ts'

export interface PassQuery {
  readonly key: TaskKey
  /** Whether a pass that was recorded there counts. */
  readonly counts: (origin: Origin) => boolean
  /** Whether finding it counts as a use of it. */
  readonly isUse: boolean
}

/** Why a key that is known is no pass; undefined: it is not known at all. */
export interface NoPass {
  readonly kind: 'none'
  readonly because: ChangeReason | undefined
}

export interface Pass {
  readonly kind: 'pass'
  readonly manifest: Manifest
}

/**
 * The record that the work of a key was done and passed. Unlike a hit of a run it puts nothing back: a
 * hook leaves the work tree alone. A failure is never a pass, whatever a policy remembers. What is
 * damaged is dismissed, and is none.
 */
export async function findPass(
  vault: Vault,
  { key, counts, isUse }: PassQuery,
): Promise<Pass | NoPass> {
  const { store } = vault
  const entry = findEntry(store, { scope: 'local', key })
  if (entry === undefined) return none()
  if (entry.isExpired) return none({ kind: 'expired' })
  try {
    using opened = await openEntry(store, entry)
    const { manifest } = opened
    const { exitCode, durationMs } = manifest
    if (exitCode !== 0) return none({ kind: 'failed-before', exitCode })
    if (!counts(manifest.origin)) return none()
    if (isUse) recordHit(store, entry, { savedMs: durationMs })
    return { kind: 'pass', manifest }
  } catch (error) {
    if (!isTaskVaultError(error) || !isDamage(error)) throw error
    await dismissDamaged(store, entry, error)
    return none({ kind: 'damaged', detail: error.message })
  }
}

function none(because?: ChangeReason): NoPass {
  return { kind: 'none', because }
}
