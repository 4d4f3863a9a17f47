import { existsSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { DAMAGES, spoilFile } from './spoil.ts'
import type { Damage } from './spoil.ts'
import type { VaultState } from './spoilable-vault.ts'

/** What is damaged: files by their sort; blobs exchanged with one another; rows that name others' blobs. */
export type Target =
  | 'blob'
  | 'cache.db'
  | 'cache.db-wal'
  | 'cache.db-shm'
  | 'audit.log'
  | 'names'
  | 'rows'

export interface PlannedDamage {
  readonly state: VaultState
  readonly targets: readonly { readonly target: Target; readonly damage: Damage }[]
  /** Whether entries are asked for before the repair, as they are when nobody knows of the damage. */
  readonly isUsedFirst: boolean
}

const TARGETS: readonly Target[] = [
  'blob',
  'blob',
  'cache.db',
  'cache.db',
  'cache.db-wal',
  'cache.db-shm',
  'audit.log',
  'names',
  'rows',
]

export function planDamage(random: () => number): PlannedDamage {
  const pick = <Item>(items: readonly Item[]): Item =>
    items[Math.floor(random() * items.length)] as Item
  const count = random() < 0.7 ? 1 : 2 + Math.floor(random() * 3)
  return {
    state: pick(['at-rest', 'in-use']),
    targets: Array.from({ length: count }, () => ({
      target: pick(TARGETS),
      damage: pick(DAMAGES),
    })),
    isUsedFirst: random() < 0.6,
  }
}

/** @returns the names of the blobs that are not what they were. */
export function spoilVault(
  cacheDirectory: string,
  plan: PlannedDamage,
  random: () => number,
): ReadonlySet<string> {
  const spoiled = new Set<string>()
  for (const { target, damage } of plan.targets) {
    if (target === 'rows') crossRows(cacheDirectory)
    else if (target === 'names')
      for (const blob of exchangeBlobs(cacheDirectory, random)) spoiled.add(blob)
    else if (target === 'blob') {
      const blob = pickBlob(cacheDirectory, random)
      if (blob === undefined) continue
      spoiled.add(blob)
      spoilFile(join(cacheDirectory, 'blobs', blob), damage, random)
    } else if (existsSync(join(cacheDirectory, target)))
      spoilFile(join(cacheDirectory, target), damage, random)
  }
  return spoiled
}

function pickBlob(cacheDirectory: string, random: () => number): string | undefined {
  const blobs = readdirSync(join(cacheDirectory, 'blobs')).toSorted()
  return blobs[Math.floor(random() * blobs.length)]
}

/** Sound bytes under the wrong name. */
function exchangeBlobs(cacheDirectory: string, random: () => number): readonly string[] {
  const [first, second] = [pickBlob(cacheDirectory, random), pickBlob(cacheDirectory, random)]
  if (first === undefined || second === undefined || first === second) return []
  const place = (name: string): string => join(cacheDirectory, 'blobs', name)
  renameSync(place(first), place('exchanged'))
  renameSync(place(second), place(first))
  renameSync(place('exchanged'), place(second))
  return [first, second]
}

/** As flipped bits in the index could: every key leads to the manifest of the one before it. */
function crossRows(cacheDirectory: string): void {
  try {
    using database = new DatabaseSync(join(cacheDirectory, 'cache.db'))
    database.exec(`
      CREATE TEMP TABLE crossed AS
        SELECT number, coalesce(lag(blob_path) OVER (ORDER BY number), blob_path) AS path FROM cache_entries;
      UPDATE cache_entries SET blob_path = (SELECT path FROM crossed WHERE crossed.number = cache_entries.number);
    `)
  } catch {
    // What was damaged before does not allow it.
  }
}
