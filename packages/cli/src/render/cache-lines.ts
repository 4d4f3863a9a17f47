import { shortDigest } from '@taskvault/core'
import type { SavedEntry, VaultStats } from '@taskvault/core'
import { formatBytes, formatDuration, formatGigabytes } from './quantities.ts'

/** `Cached train_model (hash: a3f2b1c8..., size: 5242880 bytes)`. */
export function renderSaved(task: string, saved: SavedEntry): string {
  return `Cached ${task} (hash: ${shortDigest(saved.key)}, size: ${saved.sizeBytes} bytes)`
}

/** `Cache hit for train_model (size: 5242880 bytes)`. */
export function renderHit(task: string, sizeBytes: number): string {
  return `Cache hit for ${task} (size: ${sizeBytes} bytes)`
}

/** The block of `cache stats`, as the documentation shows it. */
export function renderStats(stats: VaultStats): string {
  return [
    'TaskVault Cache Statistics',
    '==========================',
    `Entries:        ${stats.entries}`,
    `Total Size:     ${formatGigabytes(stats.storedBytes)}`,
    `Cache Limit:    ${formatGigabytes(stats.limitBytes)}`,
    `Usage:          ${((100 * stats.storedBytes) / stats.limitBytes).toFixed(1)}%`,
  ].join('\n')
}

/** What `cache stats --details` prints below the block. */
export function renderStatsDetails(stats: VaultStats): string {
  const lookups = stats.hits + stats.misses
  const rate = lookups === 0 ? '' : ` (${((100 * stats.hits) / lookups).toFixed(1)}% of ${lookups})`
  return [
    `Results:        ${formatBytes(stats.entryBytes)} before compression and sharing`,
    `Hits:           ${stats.hits}${rate}`,
    `Misses:         ${stats.misses}`,
    `Saves:          ${stats.saves}`,
    `Evictions:      ${stats.evictions}`,
    `Time Saved:     ${formatDuration(stats.savedMs)}`,
  ].join('\n')
}
