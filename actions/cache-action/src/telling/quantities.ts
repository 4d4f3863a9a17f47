const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB'] as const

/** `512 bytes`, `1.5 MB`: units of 1024, as everywhere in TaskVault. */
export function formatBytes(sizeBytes: number): string {
  let [value, unit] = [sizeBytes, 0]
  for (; value >= 1024 && unit < UNITS.length - 1; unit += 1) value /= 1024
  if (unit === 0) return value === 1 ? '1 byte' : `${value} bytes`
  return `${value.toFixed(1)} ${UNITS[unit] ?? ''}`
}

/** `12 ms`, `3.1 s`, `4 min 05 s`, `1 h 04 min`. */
export function formatDuration(durationMs: number): string {
  const wholeMs = Math.round(durationMs)
  if (wholeMs < 1000) return `${wholeMs} ms`
  const seconds = Math.floor(wholeMs / 1000)
  if (seconds < 60) return `${(Math.floor(wholeMs / 100) / 10).toFixed(1)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${pad(seconds % 60)} s`
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`
}

/** `1 file`, `2 files`. */
export function formatFiles(count: number): string {
  return `${count} ${count === 1 ? 'file' : 'files'}`
}

function pad(value: number): string {
  return String(value).padStart(2, '0')
}
