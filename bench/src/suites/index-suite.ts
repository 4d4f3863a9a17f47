import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type IndexFilling,
  countEntries,
  createOldestBlobs,
  fillIndex,
} from '../data/fill-index.ts'
import type { Contestant, Metric, Row } from '../measure/row.ts'
import { atMost, atMostTimes } from '../measure/targets.ts'
import { type Bench, type Suite, execute, freshPath, time } from './bench.ts'
import { createProject, taskvault, vaultOf } from './taskvault.ts'

/** Large, so that the sizes below stay exact when a million of them are rounded to bytes. */
const LIMIT_GB = 64
const LIMIT_BYTES = LIMIT_GB * 1024 ** 3
const MILLION = 1_000_000

/** What an index of a million entries costs: statistics, and evicting a part of it. */
export const indexSuite: Suite = {
  name: 'index',
  needsBytes: 6e9,
  createRows: (bench) => {
    const open = createVaults(bench)
    return [statisticsRow(bench, open), evictionRow(bench, open)]
  },
}

function statisticsRow(bench: Bench, open: OpenVault): Row {
  return {
    name: 'stats-million',
    operation: 'statistics with 1,000,000 entries',
    state: '-',
    targets: [atMost(5, 'p50Ms')],
    contestants: [
      statistics(bench, open({ entries: MILLION, oldest: 10_000 }), 'taskvault'),
      statistics(bench, open({ entries: 1000, oldest: 100 }), '1,000 entries'),
    ],
  }
}

function statistics(bench: Bench, vault: FilledVault, name: string): Contestant {
  const result = freshPath(bench, 'stats-result.json')
  const worker = fileURLToPath(new URL('../workers/stats-worker.ts', import.meta.url))
  return {
    name,
    command: 'client.getStats(), and no statement scans a table that grows',
    setUp: () => vault.fill(),
    run: () => {
      const env = { TASKVAULT_SQLITE: 'node' }
      const args = [worker, result, String(vault.size.entries + 1)]
      const whole = time(bench, { file: process.execPath, args, cwd: vault.project, env })
      const figures = JSON.parse(readFileSync(result, 'utf8')) as Partial<Record<Metric, number>>
      return { ...whole, ...figures }
    },
  }
}

function evictionRow(bench: Bench, open: OpenVault): Row {
  const tenThousand = { entries: MILLION, oldest: 10_000 }
  return {
    name: 'evict',
    operation: 'evict 10,000 of 1,000,000 entries',
    state: '-',
    // What stays must not count; and ten times as many may cost ten times as much, with noise.
    targets: [atMostTimes(1.5, '10,000 of 100,000'), atMostTimes(12, '1,000 of 1,000,000')],
    contestants: [
      eviction(bench, open(tenThousand), 'taskvault'),
      eviction(bench, open({ entries: 100_000, oldest: 10_000 }), '10,000 of 100,000'),
      eviction(bench, open({ entries: MILLION, oldest: 1000 }), '1,000 of 1,000,000'),
      nothingToEvict(bench, open(tenThousand)),
    ],
  }
}

function eviction(bench: Bench, vault: FilledVault, name: string): Contestant {
  return {
    name,
    command: 'taskvault cache prune',
    setUp: () => vault.fill(),
    prepare: () => vault.refill(),
    run: () => time(bench, taskvault(vault.project, 'cache', 'prune')),
    check: () => vault.assertEntries(vault.size.entries - vault.size.oldest),
  }
}

/** The start and the look at the totals, which every eviction above pays too. */
function nothingToEvict(bench: Bench, vault: FilledVault): Contestant {
  const env = { TASKVAULT_MAX_SIZE_GB: String(LIMIT_GB * 4) }
  return {
    name: 'nothing of 1,000,000',
    command: 'taskvault cache prune, below the limit',
    prepare: () => vault.refill(),
    run: () => time(bench, { ...taskvault(vault.project, 'cache', 'prune'), env }),
    check: () => vault.assertEntries(vault.size.entries),
  }
}

type OpenVault = (size: VaultSize) => FilledVault

interface VaultSize {
  readonly entries: number
  readonly oldest: number
}

/** A vault whose oldest entries hold just what is above half of the limit. */
interface FilledVault {
  readonly project: string
  readonly size: VaultSize
  /** Fills it, unless that was done. */
  fill(): void
  /** Brings it back to what `fill` left. */
  refill(): void
  /** Throws unless so many entries, and the one real entry, are there. */
  assertEntries(count: number): void
}

/** Contestants of the same size share a vault: a million rows take half a minute. */
function createVaults(bench: Bench): OpenVault {
  const vaults = new Map<string, FilledVault>()
  return (size) => {
    const name = JSON.stringify(size)
    const vault = vaults.get(name) ?? createVault(bench, size)
    vaults.set(name, vault)
    return vault
  }
}

function createVault(bench: Bench, size: VaultSize): FilledVault {
  const project = freshPath(bench, `index-${size.entries}-${size.oldest}`)
  const kept = `${project}.db`
  const filling = fillingOf(size)
  const database = join(vaultOf(project), 'cache.db')
  let isFilled = false
  return {
    project,
    size,
    fill: () => {
      if (isFilled) return
      bench.report(`filling an index with ${size.entries} entries`)
      createProject(project, configuration())
      for (const name of ['input', 'output']) writeFileSync(join(project, name), name)
      execute(bench, taskvault(project, 'cache', 'save', 'filler', 'input', 'output'))
      fillIndex(vaultOf(project), filling)
      copyFileSync(database, kept)
      isFilled = true
    },
    refill: () => {
      for (const suffix of ['-wal', '-shm']) rmSync(`${database}${suffix}`, { force: true })
      copyFileSync(kept, database)
      createOldestBlobs(vaultOf(project), filling)
    },
    assertEntries: (count) => {
      const found = countEntries(vaultOf(project))
      if (found !== count + 1) throw new Error(`${found} entries are left, not ${count + 1}`)
    },
  }
}

/**
 * Sizes such that all is above the limit, all but the oldest is under half of it, and all but the
 * oldest less one is not: evicting must take exactly the oldest.
 */
function fillingOf({ entries, oldest }: VaultSize): IndexFilling {
  const oldestBytes = Math.ceil((LIMIT_BYTES * 0.55) / oldest)
  const othersBytes = Math.floor((LIMIT_BYTES / 2 - oldestBytes / 4) / (entries - oldest))
  return { entries, oldest, oldestBytes, othersBytes }
}

function configuration(): string {
  return `max_size_gb: ${LIMIT_GB}\npolicies:\n  default:\n    strategy: lru\n`
}
