import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { openTemporaryStore, saveSample } from '../../testing/temporary-store.ts'
import { metricsPath, writeMetrics } from './metrics-file.ts'
import { readStatistics } from './statistics.ts'

test('the file has a number for each sum', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  saveSample(store, { name: 'a', sizeBytes: 5 })

  writeMetrics(store.cacheDirectory, { ...readStatistics(store, 1000), savedMs: 1500 })

  // Somebody who has no .gitignore of their own is not to commit it.
  const directory = dirname(metricsPath(store.cacheDirectory))
  expect(readFileSync(join(directory, '.gitignore'), 'utf8')).toBe('*\n')
  const text = readFileSync(metricsPath(store.cacheDirectory), 'utf8')
  expect(metricsPath(store.cacheDirectory)).toMatch(/metrics.prometheus\.txt$/)
  expect(text).toContain('# TYPE taskvault_saves_total counter\ntaskvault_saves_total 1\n')
  expect(text).toContain('\ntaskvault_entry_bytes 5\n')
  expect(text).toContain('\ntaskvault_cache_limit_bytes 1000\n')
  expect(text).toContain('\ntaskvault_saved_seconds_total 1.5\n')
  expect(text.split('\n').filter((line) => !/^(# (HELP|TYPE) )?[a-z_]+ .+$|^$/.test(line))).toEqual(
    [],
  )
})
