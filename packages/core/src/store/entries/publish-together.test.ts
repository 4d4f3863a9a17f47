import { rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { keyOf, openTemporaryStore, storePack, writeSample } from '../../testing/temporary-store.ts'
import type { Sample, TemporaryStore } from '../../testing/temporary-store.ts'
import { verifyAudit } from '../audit/verify-audit.ts'
import { blobPath } from '../blobs/blob-path.ts'
import type { Store } from '../store.ts'
import { findEntry } from './entries.ts'
import { createPublisher } from './publish-together.ts'

test('entries that are ready at once are published in one transaction, and each is found', async () => {
  using temporary = await openTemporaryStore()
  const { store, transactions, publish } = await openPublisher(temporary)

  const outcomes = await Promise.all(['a', 'b', 'c'].map((name) => publish({ name })))

  expect(outcomes).toEqual(Array.from({ length: 3 }, () => ({ kind: 'published' })))
  expect(transactions).toEqual(['durable'])
  for (const name of ['a', 'b', 'c'])
    expect(findEntry(store, { scope: 'local', key: keyOf(store, name) })).toBeDefined()
  expect(verifyAudit(store).kind).toBe('sound')
})

test('one after the other, each is published by itself', async () => {
  using temporary = await openTemporaryStore()
  const { transactions, publish } = await openPublisher(temporary)

  for (const name of ['a', 'b']) await publish({ name })

  expect(transactions).toEqual(['durable', 'durable'])
})

test('one whose pack has gone is told so, and the others are published', async () => {
  using temporary = await openTemporaryStore()
  const { store, publish } = await openPublisher(temporary)
  const pack = storePack(store, 'gone', 1000)
  rmSync(blobPath(store.cacheDirectory, pack.digest))

  const outcomes = await Promise.all([
    publish({ name: 'a' }),
    publish({ name: 'b', packs: [pack] }),
    publish({ name: 'c' }),
  ])

  expect(outcomes).toEqual([
    { kind: 'published' },
    { kind: 'blobs-missing', numbers: [pack.number] },
    { kind: 'published' },
  ])
  expect(findEntry(store, { scope: 'local', key: keyOf(store, 'b') })).toBeUndefined()
})

test('of two with one key the later one stays', async () => {
  using temporary = await openTemporaryStore()
  const { store, publish } = await openPublisher(temporary)

  await Promise.all([publish({ name: 'a' }), publish({ name: 'a', sizeBytes: 100 })])

  expect(findEntry(store, { scope: 'local', key: keyOf(store, 'a') })?.sizeBytes).toBe(100)
})

test('a failure is met by all of them, and none is published', async () => {
  using temporary = await openTemporaryStore()
  const { store, publish } = await openPublisher(temporary)
  store.database.exec('DROP TRIGGER entry_added; DROP TABLE totals')

  const outcomes = await Promise.allSettled([publish({ name: 'a' }), publish({ name: 'b' })])

  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(findEntry(store, { scope: 'local', key: keyOf(store, 'a') })).toBeUndefined()
})

test('others get the lock between transactions of many', async () => {
  using temporary = await openTemporaryStore()
  const { transactions, publish } = await openPublisher(temporary)

  await Promise.all(
    Array.from({ length: 130 }, async (_, index) => await publish({ name: `${index}` })),
  )

  expect(transactions).toHaveLength(3)
})

async function openPublisher(temporary: TemporaryStore) {
  const store = await temporary.open()
  const transactions: string[] = []
  const watched: Store = {
    ...store,
    database: {
      ...store.database,
      transaction(durability, work) {
        transactions.push(durability)
        return store.database.transaction(durability, work)
      },
    },
  }
  const publisher = createPublisher(watched)
  const publish = async (sample: Sample) => {
    using _begun = publisher.begin()
    // As a save does, which has its outputs to collect.
    await Promise.resolve()
    return await publisher.publish(writeSample(store, sample))
  }
  return { store, transactions, publish }
}
