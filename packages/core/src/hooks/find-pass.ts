import type { TaskKey } from '../model/digest.ts'
import type { ChangeReason } from '../model/explain.ts'
import type { Manifest } from '../model/manifest.ts'
import type { TaskName } from '../model/task.ts'
import { findEntry } from '../store/entries/entries.ts'
import { recordHit } from '../store/entries/record-use.ts'
import { dismissDamaged } from '../vault/dismiss-damaged.ts'
import { isCurrent, isDamage, openEntry } from '../vault/open-entry.ts'
import { createParts } from '../vault/open-parts.ts'
import type { PullOutcome } from '../vault/sharing/pull-entry.ts'
import type { Vault } from '../vault/vault.ts'
import { whyNoPass } from './counts-as-pass.ts'
import type { PassRules } from './counts-as-pass.ts'

export interface PassQuery {
  readonly task: TaskName
  readonly key: TaskKey
  readonly rules: PassRules
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
 * The record that the work of a key was done and passed, here or, as the remote store knows, elsewhere.
 * Unlike a hit of a run it puts nothing back: a hook leaves the work tree alone. A failure is never a
 * pass, whatever a policy remembers. What is damaged is dismissed, and is none.
 */
export async function findPass(vault: Vault, query: PassQuery): Promise<Pass | NoPass> {
  const { store } = vault
  const found = findEntry(store, { scope: 'local', key: query.key })
  const isHere = found !== undefined && !found.isExpired
  const outcome = isHere ? undefined : await pull(vault, query)
  const isPulled = outcome?.kind === 'pulled'
  const entry = isPulled ? findEntry(store, { scope: 'local', key: query.key }) : found
  if (entry === undefined || entry.isExpired)
    return none(outcome?.kind === 'damaged' ? outcome : entry && { kind: 'expired' })
  try {
    using opened = await openEntry(store, entry)
    const { manifest } = opened
    const answer = isHere ? await judge(vault, query, manifest) : toPass(manifest, query)
    if (answer.kind === 'pass') recordHit(store, entry, { savedMs: answer.manifest.durationMs })
    return answer
  } catch (error) {
    if (!isDamage(error)) throw error
    // Its files went because it was replaced or removed: what is there now answers.
    if (!isCurrent(store, entry)) return await findPass(vault, query)
    await dismissDamaged(store, entry, error)
    return none({ kind: 'damaged', detail: error.message })
  }
}

/** Like `findPass`, for somebody who only asks: nothing is counted, fetched or dismissed. */
export async function foreseePass(vault: Vault, query: PassQuery): Promise<Pass | NoPass> {
  const { store } = vault
  const entry = findEntry(store, { scope: 'local', key: query.key })
  if (entry === undefined || entry.isExpired) {
    const manifest = await readRemote(vault, query)
    if (manifest === undefined) return none(entry && { kind: 'expired' })
    return toPass(manifest, query)
  }
  try {
    using opened = await openEntry(store, entry)
    return await judge(vault, query, opened.manifest)
  } catch (error) {
    if (!isDamage(error)) throw error
    if (!isCurrent(store, entry)) return await foreseePass(vault, query)
    return none({ kind: 'damaged', detail: error.message })
  }
}

/** Brought here with what belongs to it, so that it need not be asked for again. */
async function pull(vault: Vault, { task, key }: PassQuery): Promise<PullOutcome> {
  if (vault.remote === undefined) return undefined
  const { pullEntry } = await import('../vault/sharing/pull-entry.ts')
  return await pullEntry(createParts(vault.settings, vault.store, vault), { task, key })
}

/** Where the record that is here does not count, that of the remote store may: of CI, or a later one. */
async function judge(vault: Vault, query: PassQuery, manifest: Manifest): Promise<Pass | NoPass> {
  const here = toPass(manifest, query)
  if (here.kind === 'pass') return here
  const remote = await readRemote(vault, query)
  const there = remote && toPass(remote, query)
  return there?.kind === 'pass' ? there : here
}

async function readRemote(vault: Vault, query: PassQuery): Promise<Manifest | undefined> {
  if (vault.remote === undefined) return undefined
  const { readRemoteManifest } = await import('../vault/sharing/receiving/read-remote-manifest.ts')
  return await readRemoteManifest(vault, query)
}

function toPass(manifest: Manifest, { rules }: PassQuery): Pass | NoPass {
  const because = whyNoPass(manifest, rules)
  return because === undefined ? { kind: 'pass', manifest } : none(because)
}

function none(because?: ChangeReason): NoPass {
  return { kind: 'none', because }
}
