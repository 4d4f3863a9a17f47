import { basename, dirname, join } from 'node:path'
import { asTaskVaultError } from '../../errors.ts'
import { ensureDirectory } from '../../files/ensure-directory.ts'
import { keepOutOfGit } from '../../files/keep-out-of-git.ts'
import { writeAtomically } from '../../files/write-atomically.ts'
import type { StoreStatistics } from './statistics.ts'

/**
 * `.taskvault/metrics/prometheus.txt`, beside the cache directory; within it where that lies elsewhere,
 * because what is beside it is not ours then.
 */
export function metricsPath(cacheDirectory: string): string {
  const parent = dirname(cacheDirectory)
  const home = basename(parent) === '.taskvault' ? parent : cacheDirectory
  return join(home, 'metrics', 'prometheus.txt')
}

/**
 * Writes the store's sums in Prometheus' text format, for node_exporter's textfile collector. Readers
 * see the old file or the new one.
 * @throws {TaskVaultError} PERMISSION_DENIED, DISK_FULL, IO_FAILED.
 */
export function writeMetrics(cacheDirectory: string, statistics: StoreStatistics): void {
  const path = metricsPath(cacheDirectory)
  try {
    ensureDirectory(dirname(path))
    keepOutOfGit(dirname(path))
    writeAtomically(path, Buffer.from(renderMetrics(statistics)), { mode: 0o644 })
  } catch (error) {
    throw asTaskVaultError(error, `write ${path}`)
  }
}

/** The file's text: no labels, so that names of tasks cannot make it grow. */
function renderMetrics(statistics: StoreStatistics): string {
  return METRICS.map(({ name, type, help, read }) =>
    [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, `${name} ${read(statistics)}`, ''].join(
      '\n',
    ),
  ).join('')
}

interface Metric {
  readonly name: string
  readonly type: 'gauge' | 'counter'
  readonly help: string
  readonly read: (statistics: StoreStatistics) => number
}

const METRICS: readonly Metric[] = [
  gauge('entries', { help: 'Entries in the store.', read: (all) => all.entries }),
  gauge('entry_bytes', {
    help: 'Raw bytes of all outputs, shared contents counted each time.',
    read: (all) => all.entryBytes,
  }),
  gauge('cache_size_bytes', {
    help: 'Bytes that blobs take on disk.',
    read: (all) => all.storedBytes,
  }),
  gauge('cache_limit_bytes', {
    help: 'Bytes on disk above which entries are evicted.',
    read: (all) => all.limitBytes,
  }),
  counter('cache_hits_total', {
    help: 'Lookups that found a usable entry.',
    read: (all) => all.hits,
  }),
  counter('cache_misses_total', { help: 'Lookups that found none.', read: (all) => all.misses }),
  counter('saves_total', { help: 'Entries published.', read: (all) => all.saves }),
  counter('evictions_total', { help: 'Entries evicted.', read: (all) => all.evictions }),
  counter('saved_seconds_total', {
    help: 'Run time that hits did not spend again.',
    read: (all) => all.savedMs / 1_000,
  }),
]

function gauge(name: string, metric: Pick<Metric, 'help' | 'read'>): Metric {
  return { ...metric, name: `taskvault_${name}`, type: 'gauge' }
}

function counter(name: string, metric: Pick<Metric, 'help' | 'read'>): Metric {
  return { ...metric, name: `taskvault_${name}`, type: 'counter' }
}
