import type { EntrySummary } from '@taskvault/core'
import { formatDuration, formatTime } from './quantities.ts'

/** An entry as `--json` shows it. */
export function entryToData(entry: EntrySummary): Readonly<Record<string, unknown>> {
  return {
    task: entry.task,
    key: entry.key,
    scope: entry.scope,
    createdAtMs: entry.createdAtMs,
    accessedAtMs: entry.accessedAtMs,
    expiresAtMs: entry.expiresAtMs ?? null,
    sizeBytes: entry.sizeBytes,
    pathCount: entry.fileCount,
    hits: entry.hits,
    exitCode: entry.exitCode,
    durationMs: entry.durationMs,
    origin: entry.origin,
  }
}

/** `in 6 d 23 h`, `expired`, or `never`. */
export function renderExpiry(expiresAtMs: number | undefined, nowMs: number): string {
  if (expiresAtMs === undefined) return 'never'
  return expiresAtMs <= nowMs ? 'expired' : `in ${formatDuration(expiresAtMs - nowMs)}`
}

/** `2026-02-02 14:30:45Z (3 h 07 min ago)`. */
export function renderMoment(timeMs: number, nowMs: number): string {
  const ago = nowMs < timeMs ? '' : ` (${formatDuration(nowMs - timeMs)} ago)`
  return `${formatTime(timeMs)}${ago}`
}
