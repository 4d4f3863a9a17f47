import type { Settings } from '../config/settings.ts'
import { isTaskVaultError } from '../errors.ts'
import { writeMetrics } from '../store/entries/metrics-file.ts'
import { readStatistics } from '../store/entries/statistics.ts'
import type { StoreStatistics } from '../store/entries/statistics.ts'
import type { Store } from '../store/store.ts'

/** The numbers of a vault, as people watch them. */
export interface Metrics {
  read(): StoreStatistics
  /** Writes them down where they have changed since the vault was opened. */
  publish(): void
}

export function openMetrics({ maxSizeBytes, cacheDirectory }: Settings, store: Store): Metrics {
  const read = (): StoreStatistics => {
    store.uses.flush()
    return readStatistics(store, maxSizeBytes)
  }
  const before = readQuietly(read)
  return {
    read,
    publish() {
      const after = readQuietly(read)
      if (after === undefined || isEqual(before, after)) return
      try {
        writeMetrics(cacheDirectory, after)
      } catch (error) {
        if (!isTaskVaultError(error)) throw error
      }
    },
  }
}

/** Metrics are for people who watch; that they cannot be read or written is nobody's failure. */
function readQuietly(read: () => StoreStatistics): StoreStatistics | undefined {
  try {
    return read()
  } catch (error) {
    if (!isTaskVaultError(error)) throw error
    return undefined
  }
}

function isEqual(before: StoreStatistics | undefined, after: StoreStatistics): boolean {
  const names = Object.keys(after) as (keyof StoreStatistics)[]
  return before !== undefined && names.every((name) => before[name] === after[name])
}
