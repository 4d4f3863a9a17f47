import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { openTemporaryStore, saveSample } from '../../testing/temporary-store.ts'
import type { TemporaryStore } from '../../testing/temporary-store.ts'
import { isCurrent } from '../../vault/open-entry.ts'
import { findEntry } from '../entries/entries.ts'
import { verifyStore } from '../repair/verify-store.ts'

test('an entry that another process is removing is not taken for a damaged one', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  const [one, two] = ['one', 'two'].map((name) => saveSample(store, { name }).key)
  const [first, second] = [one, two].map((key) => findEntry(store, { scope: 'local', key: key! })!)

  await removeSlowly(temporary, first!.number)
  const current = isCurrent(store, first!)
  await removeSlowly(temporary, second!.number)
  const { findings } = await verifyStore(store)

  expect([current, findings]).toEqual([false, []])
})

/** Resolves when the files of the entry are gone in another process, and its row is not yet. */
async function removeSlowly({ cacheDirectory }: TemporaryStore, number: number): Promise<void> {
  const script = `
    import { writeSync } from 'node:fs'
    import { openHashAlgorithm } from '${urlOf('../../hashing/open-hash-algorithm.ts')}'
    import { removeWithin } from '${urlOf('../entries/remove-entry.ts')}'
    import { openStore } from '${urlOf('../open-store.ts')}'
    const algorithm = await openHashAlgorithm('blake3')
    const cacheDirectory = ${JSON.stringify(cacheDirectory)}
    const store = await openStore({ cacheDirectory, algorithm, report: () => {}, now: Date.now })
    store.database.transaction('relaxed', () => {
      removeWithin(store, ${number}, { kind: 'EVICT', operation: 'lru' })
      writeSync(1, 'removed')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
    })
    store[Symbol.dispose]()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill())
  await once(child.stdout, 'data')
}

function urlOf(module: string): string {
  return new URL(module, import.meta.url).href
}
