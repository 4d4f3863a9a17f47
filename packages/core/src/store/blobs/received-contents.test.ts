import { expect, test } from 'vitest'
import { parseTaskName } from '../../model/task.ts'
import { sampleBytes } from '../../testing/sample-blobs.ts'
import { openTemporaryStore, saveSample } from '../../testing/temporary-store.ts'
import { verifyStore } from '../repair/verify-store.ts'
import type { Store } from '../store.ts'
import { findContent } from './contents.ts'
import { listBlobs } from './list-blobs.ts'
import { createReceivedContents } from './received-contents.ts'
import { listReceived } from './received-packs.ts'

const TASK = parseTaskName('unit_tests')
const CONTENTS = Array.from({ length: 60 }, (_, seed) => sampleBytes(500_000, seed))

test('what comes from several places at once is kept in packs of the usual size, each content once', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  using kept = createReceivedContents(store, TASK)

  await Promise.all([0, 1, 2].map(async (start) => await addFrom(store, kept, start)))
  const packs = await kept.finish()
  saveSample(store, { name: 'needs them', packs: packs.map((pack) => ({ ...pack, sizeBytes: 0 })) })

  expect(packs).toHaveLength(2)
  expect(listReceived(store).toSorted()).toEqual(packs.map(({ digest }) => digest).toSorted())
  const found = CONTENTS.map((bytes) => findContent(store, store.algorithm.hash(bytes)))
  expect(new Set(found)).toEqual(new Set(packs.map(({ number }) => number)))
  const { findings, bytes } = await verifyStore(store)
  expect(findings).toEqual([])
  expect(bytes).toBeLessThan(30_100_000)
})

test('what no entry needs in the end is removed', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  {
    using kept = createReceivedContents(store, TASK)
    await addFrom(store, kept, 0)
    await kept.finish()
    expect(listBlobs(store.cacheDirectory)).toHaveLength(2)
  }

  expect(listBlobs(store.cacheDirectory)).toEqual([])
  expect((await verifyStore(store)).findings).toEqual([])
})

test('nothing makes no pack', async () => {
  using temporary = await openTemporaryStore()
  using kept = createReceivedContents(await temporary.open(), TASK)

  expect(await kept.finish()).toEqual([])
})

async function addFrom(
  { algorithm }: Store,
  kept: ReturnType<typeof createReceivedContents>,
  start: number,
): Promise<void> {
  for (const bytes of CONTENTS.slice(start)) await kept.add(algorithm.hash(bytes), bytes)
}
