const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB', 'PB'] as const
const DAY_MS = 86_400_000

/** `512 bytes`, `1.50 MB`: units of 1024, as everywhere in TaskVault. */
export function formatBytes(sizeBytes: number): string {
  let value = sizeBytes
  let unit = 0
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit += 1
  }
  if (unit === 0) return value === 1 ? '1 byte' : `${value} bytes`
  return `${value.toFixed(2)} ${UNITS[unit] ?? ''}`
}

/** `7.43 GB`, however small. */
export function formatGigabytes(sizeBytes: number): string {
  return `${(sizeBytes / 2 ** 30).toFixed(2)} GB`
}

/** `950 ms`, `12.3 s`, `4 min 05 s`, `3 h 07 min`, `7 d 0 h`. */
export function formatDuration(durationMs: number): string {
  const wholeMs = Math.round(durationMs)
  if (wholeMs < 1000) return `${wholeMs} ms`
  if (wholeMs < 60_000) return `${(Math.floor(wholeMs / 100) / 10).toFixed(1)} s`
  const seconds = Math.floor(wholeMs / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${pad(seconds % 60)} s`
  if (wholeMs < DAY_MS)
    return `${Math.floor(seconds / 3600)} h ${pad(Math.floor(seconds / 60) % 60)} min`
  return `${Math.floor(wholeMs / DAY_MS)} d ${Math.floor(seconds / 3600) % 24} h`
}

/** `34 seconds ago`, `2 hours ago`; `just now` also for what a clock that went back calls the future. */
export function formatAge(ageMs: number): string {
  const units = [
    ['day', DAY_MS],
    ['hour', 3_600_000],
    ['minute', 60_000],
    ['second', 1000],
  ] as const
  for (const [name, unitMs] of units) {
    const count = Math.floor(ageMs / unitMs)
    if (count >= 1) return `${count} ${name}${count === 1 ? '' : 's'} ago`
  }
  return 'just now'
}

/** `1 file`, `2 files`, `3 entries`. */
export function formatCount(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}

/** `2026-02-02 14:30:45Z`; the same everywhere, so that outputs of two machines compare. */
export function formatTime(timeMs: number): string {
  return new Date(timeMs)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z')
}

function pad(value: number): string {
  return String(value).padStart(2, '0')
}
