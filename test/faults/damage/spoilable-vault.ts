import { copyFileSync, cpSync, linkSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { invalidate } from '@taskvault/core'
import type { OutputTarget, Settings, Vault } from '@taskvault/core'
import type { Saved } from '../contents.ts'
import { resultOf, treeOf, writeTree } from '../contents.ts'
import { openTestVault, saveUnder, settingsOf, workOf } from '../test-vault.ts'

/** An entry of the vault, and the names of the blobs that it needs. */
export interface KnownEntry {
  readonly saved: Saved
  readonly kind: 'tree' | 'result'
  readonly blobs: readonly string[]
}

/** How a copy of the vault was left: by a process that ended, or by one that died with it open. */
export type VaultState = 'at-rest' | 'in-use'

/** A vault of which a fresh copy is made for every round. */
export interface SpoilableVault {
  readonly project: string
  readonly settings: Settings
  readonly output: OutputTarget
  readonly entries: readonly KnownEntry[]
  /** A key whose entry was removed: nothing may bring it back. */
  readonly removed: string
  reset(state: VaultState): void
}

/** Makes the vault in an empty directory. Its entries share packs, lie in manifests, and are cut into chunks. */
export async function createSpoilableVault(root: string): Promise<SpoilableVault> {
  const project = join(root, 'project')
  mkdirSync(project)
  const settings = await settingsOf({ project })
  const { cacheDirectory } = settings
  const output = { declaredAs: 'out', absolutePath: join(project, 'out') }
  const saved: Omit<KnownEntry, 'blobs'>[] = [
    ...[0, 1, 2].map((generation) => tree({ key: `tree${generation}`, generation })),
    ...[0, 1, 2].map((generation) => result({ key: `result${generation}`, generation })),
    result({ key: 'replaced', generation: 3 }),
    result({ key: 'replaced', generation: 4 }),
    result({ key: 'removed', generation: 0 }),
  ]
  const half = Math.floor(saved.length / 2)
  await saveAll({ project, output }, saved.slice(0, half), async () => {})
  let entries: readonly KnownEntry[] = []
  await saveAll({ project, output }, saved.slice(half), async (vault) => {
    invalidate(vault.store, { key: (await workOf(vault, 'removed')).key })
    const kept = saved.filter((one) => one.saved.key !== 'removed' && one.saved.generation !== 3)
    entries = await Promise.all(
      kept.map(async (one) => ({ ...one, blobs: await blobsOf(vault, one.saved.key) })),
    )
    cpSync(cacheDirectory, join(root, 'in-use'), { recursive: true })
  })
  cpSync(cacheDirectory, join(root, 'at-rest'), { recursive: true })
  return {
    project,
    settings,
    output,
    entries,
    removed: 'removed',
    reset: (state) => copyVault(join(root, state), cacheDirectory),
  }
}

function tree(saved: Saved): Omit<KnownEntry, 'blobs'> {
  return { saved, kind: 'tree' }
}

function result(saved: Saved): Omit<KnownEntry, 'blobs'> {
  return { saved, kind: 'result' }
}

async function saveAll(
  { project, output }: { readonly project: string; readonly output: OutputTarget },
  entries: readonly Omit<KnownEntry, 'blobs'>[],
  whileOpen: (vault: Vault) => Promise<void>,
): Promise<void> {
  await using vault = await openTestVault({ project })
  for (const { saved, kind } of entries) {
    if (kind === 'tree') {
      rmSync(output.absolutePath, { recursive: true, force: true })
      writeTree(output.absolutePath, treeOf(saved))
    }
    await saveUnder(vault, saved.key, kind === 'tree' ? [output] : resultOf(saved))
  }
  rmSync(output.absolutePath, { recursive: true, force: true })
  await whileOpen(vault)
}

async function blobsOf(vault: Vault, name: string): Promise<readonly string[]> {
  const { key } = await workOf(vault, name)
  const rows = vault.store.database
    .prepare(
      `SELECT b.digest FROM cache_entries AS e JOIN entry_blobs AS n ON n.entry = e.number
       JOIN blobs AS b ON b.number = n.blob WHERE e.hash = ?`,
    )
    .all(key)
  return rows.map((row) => Buffer.from(row['digest'] as Uint8Array).toString('hex'))
}

/** Blobs by a second name, because nothing ever writes into one: copying them would be most of a round. */
function copyVault(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true })
  mkdirSync(join(to, 'blobs'), { recursive: true })
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.isFile()) copyFileSync(join(from, entry.name), join(to, entry.name))
  }
  for (const blob of readdirSync(join(from, 'blobs')))
    linkSync(join(from, 'blobs', blob), join(to, 'blobs', blob))
}
