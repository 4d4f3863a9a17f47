import { expect, test } from 'vitest'
import { createMemoryObjectStore } from '../../testing/memory-object-store.ts'
import { piecesOf, readAll, sampleBlob, sampleDraft } from '../../testing/sample-blobs.ts'
import { createCarriedBlobs } from './carried-blobs.ts'
import { createObjectBlobStore } from './object-blob-store.ts'
import { createObjectEntryStore } from './object-entry-store.ts'
import { blobObjectKey, entryObjectKey } from './object-layout.ts'

test('the smallest of the blobs that an entry lacks lie in its record, and the others beside it', async () => {
  const objects = createMemoryObjectStore()
  const [small, known, large] = [await sampleBlob(100), await sampleBlob(50), await sampleBlob(950)]
  await createObjectBlobStore(objects).put(known)
  const { draft, blobs, entries } = await storesOver(objects, [small, known, large])

  const first = await entries.publish(draft)
  for (const blob of [small, large]) expect(await blobs.put(blob)).toBe('stored')
  const second = await entries.publish(draft)

  expect(first).toEqual({ kind: 'blobs-missing', names: [small.name, large.name] })
  expect(second).toMatchObject({ kind: 'published' })
  const isObject = async (name: typeof small.name): Promise<boolean> =>
    (await objects.head(blobObjectKey(name))) !== undefined
  expect(await isObject(small.name)).toBe(false)
  expect(await isObject(large.name)).toBe(true)
  const reader = await storesOver(objects, [])
  expect(await reader.blobs.get(small.name)).toBeUndefined()
  expect(await reader.entries.find(draft.task, draft.key)).toMatchObject(draft)
  for (const blob of [small, known, large])
    expect(await readAll(await reader.blobs.get(blob.name))).toEqual(blob.bytes)
  // What is there, and whole, stays.
  expect(await reader.entries.publish({ ...draft })).toMatchObject({ kind: 'known', isSame: true })
})

test('what one entry carries is sent by itself for another one that cannot carry it', async () => {
  const objects = createMemoryObjectStore()
  const shared = await sampleBlob(900)
  const { draft, blobs, entries } = await storesOver(objects, [shared])
  await entries.publish(draft)
  await blobs.put(shared)
  const small = await sampleBlob(200)
  const needed = [small, shared].map(({ name, sizeBytes }) => ({ name, sizeBytes }))
  const larger = { ...(await sampleDraft(blobs)), packs: needed }

  expect(await entries.publish(larger)).toMatchObject({ kind: 'blobs-missing' })
  for (const blob of [small, shared]) await blobs.put(blob)

  expect(await entries.publish(larger)).toMatchObject({ kind: 'published' })
  expect(await objects.head(blobObjectKey(shared.name))).toBeDefined()
})

test('what a record is to carry stays while another entry that needs it is offered', async () => {
  const objects = createMemoryObjectStore()
  const [shared, large] = [await sampleBlob(100), await sampleBlob(2_000)]
  // While it is asked for the large one the second time, another entry comes.
  let before: (() => Promise<unknown>) | undefined
  const slow: typeof objects = {
    ...objects,
    async head(key, call) {
      if (key === blobObjectKey(large.name)) await before?.()
      return await objects.head(key, call)
    },
  }
  const { draft, blobs, entries } = await storesOver(slow, [shared, large])
  const other = { ...(await sampleDraft(blobs)), packs: [{ name: shared.name, sizeBytes: 100 }] }
  await entries.publish(draft)
  for (const blob of [shared, large]) await blobs.put(blob)
  before = async () => await entries.publish(other)

  expect(await entries.publish(draft)).toMatchObject({ kind: 'published' })

  const reader = await storesOver(objects, [])
  await reader.entries.find(draft.task, draft.key)
  expect(await readAll(await reader.blobs.get(shared.name))).toEqual(shared.bytes)
})

test('bytes that are not what they should be are not taken for a record', async () => {
  const blob = await sampleBlob(100)
  const { draft, blobs, entries } = await storesOver(createMemoryObjectStore(), [blob])
  await entries.publish(draft)

  const attempt = blobs.put({ ...blob, open: () => piecesOf(Buffer.alloc(100)) })

  await expect(attempt).rejects.toMatchObject({ code: 'BLOB_CORRUPT' })
  expect(await entries.publish(draft)).toEqual({ kind: 'blobs-missing', names: [blob.name] })
})

test.each([
  ['is too short', (name: string) => ({ [name]: 'AAAA' })],
  ['has other bytes', (name: string) => ({ [name]: Buffer.alloc(100).toString('base64') })],
  ['is no text', (name: string) => ({ [name]: [1, 2, 3] })],
  ['is of another name', () => ({ toString: 'AAAA' })],
  ['is no object', () => 'AAAA'],
  ['is nothing', () => null],
])('what a record carries that %s is not there', async (_, forge) => {
  const objects = createMemoryObjectStore()
  const blob = await sampleBlob(100)
  const { draft, blobs, entries } = await storesOver(objects, [blob])
  await entries.publish(draft)
  await blobs.put(blob)
  await entries.publish(draft)
  const objectKey = entryObjectKey(draft.task, draft.key)
  const record = JSON.parse((await readAll(await objects.get(objectKey))).toString()) as object
  const forged = Buffer.from(JSON.stringify({ ...record, carried: forge(blob.name) }))
  await objects.delete(objectKey)
  await objects.putIfAbsent(objectKey, { sizeBytes: forged.length, open: () => piecesOf(forged) })
  const reader = await storesOver(objects, [])

  expect(await reader.entries.find(draft.task, draft.key)).toMatchObject(draft)
  expect(await reader.blobs.get(blob.name)).toBeUndefined()
  // It is of no use to anybody: whoever has it all replaces it.
  expect(await reader.entries.publish({ ...draft })).toMatchObject({ kind: 'blobs-missing' })
})

async function storesOver(
  objects: ReturnType<typeof createMemoryObjectStore>,
  packs: readonly Awaited<ReturnType<typeof sampleBlob>>[],
) {
  const carried = createCarriedBlobs(createObjectBlobStore(objects), 1_000)
  const { blobs } = carried
  const entries = createObjectEntryStore({ objects, blobs, carried })
  const needed = packs.map(({ name, sizeBytes }) => ({ name, sizeBytes }))
  const draft = { ...(await sampleDraft(blobs)), packs: needed }
  return { draft, blobs, entries }
}
