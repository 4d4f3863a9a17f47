import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { TaskVaultError } from '../../errors.ts'
import { describeBlobStore } from '../../testing/describe-blob-store.ts'
import { describeEntryStore } from '../../testing/describe-entry-store.ts'
import type { OpenStores } from '../../testing/describe-entry-store.ts'
import { describeObjectStore } from '../../testing/describe-object-store.ts'
import { createMemoryObjectStore } from '../../testing/memory-object-store.ts'
import { piecesOf, sampleBlob, sampleDraft, sampleKey } from '../../testing/sample-blobs.ts'
import { startStrictS3Server } from '../../testing/strict-s3-server.ts'
import { createHttpClient } from '../http/http-client.ts'
import { openS3ObjectStore } from '../s3/open-s3-object-store.ts'
import { createFolderObjectStore } from './folder-object-store.ts'
import { createObjectBlobStore } from './object-blob-store.ts'
import { createObjectEntryStore } from './object-entry-store.ts'
import { blobObjectKey, entryObjectKey } from './object-layout.ts'
import type { ObjectStore } from './object-store.ts'

const STORES: Readonly<Record<string, () => Promise<ObjectStore>>> = {
  'in memory': async () => createMemoryObjectStore(),
  'in a folder': async () => createFolderObjectStore(temporary()),
  'in a bucket (strict stand-in)': openBucket,
}

describeObjectStore('memory', async () => createMemoryObjectStore())

for (const [name, open] of Object.entries(STORES)) {
  describeBlobStore(name, async () => createObjectBlobStore(await open()))
  describeEntryStore(name, async () => storesOver(await open()))
}

describe('entries without a server', () => {
  test.each([
    ['is no JSON', '{'],
    ['has no fields', '{}'],
    ['has no end', ' '.repeat(3_000_000)],
  ])('a record that %s is nonsense, and the next writer replaces it', async (_, text) => {
    const objects = createMemoryObjectStore()
    const { blobs, entries } = storesOver(objects)
    const draft = await sampleDraft(blobs)
    const bytes = Buffer.from(text)
    await objects.putIfAbsent(entryObjectKey(draft.task, draft.key), {
      sizeBytes: bytes.length,
      open: () => piecesOf(bytes),
    })

    const attempt = entries.find(draft.task, draft.key)

    await expect(attempt).rejects.toMatchObject({ code: 'REMOTE_INVALID' })
    expect((await entries.publish(draft)).kind).toBe('published')
    expect(await entries.find(draft.task, draft.key)).toMatchObject(draft)
  })

  test('who may not remove what has expired finds nothing, and goes on', async () => {
    const objects = createMemoryObjectStore()
    const { blobs, entries } = storesOver(objects)
    const draft = await sampleDraft(blobs)
    await entries.publish({ ...draft, expiresAtMs: 1 })
    const reader = storesOver({
      ...objects,
      delete: async () => {
        throw new TaskVaultError('REMOTE_REFUSED', 'This key may only read')
      },
    })

    expect(await reader.entries.find(draft.task, draft.key)).toBeUndefined()
    expect(await objects.head(entryObjectKey(draft.task, draft.key))).toBeDefined()
    expect(await entries.find(draft.task, draft.key)).toBeUndefined()
    expect(await objects.head(entryObjectKey(draft.task, draft.key))).toBeUndefined()
  })

  test('a record is not listed in the place of another entry', async () => {
    const objects = createMemoryObjectStore()
    const { blobs, entries } = storesOver(objects)
    const draft = await sampleDraft(blobs)
    await entries.publish(draft)
    const record = await entries.find(draft.task, draft.key)
    const bytes = Buffer.from(JSON.stringify({ ...record, key: await sampleKey() }))
    await objects.delete(entryObjectKey(draft.task, draft.key))
    await objects.putIfAbsent(entryObjectKey(draft.task, draft.key), {
      sizeBytes: bytes.length,
      open: () => piecesOf(bytes),
    })

    expect(await entries.list({ task: draft.task, limit: 10 })).toEqual([])
  })

  test('an expired record that names another entry does not remove that one', async () => {
    const objects = createMemoryObjectStore()
    const { blobs, entries } = storesOver(objects)
    const draft = await sampleDraft(blobs)
    await entries.publish(draft)
    const bytes = Buffer.from(
      JSON.stringify({ ...(await entries.find(draft.task, draft.key)), expiresAtMs: 1 }),
    )
    const other = 'cd'.repeat(32) as typeof draft.key
    await objects.putIfAbsent(entryObjectKey(draft.task, other), {
      sizeBytes: bytes.length,
      open: () => piecesOf(bytes),
    })

    expect(await entries.find(draft.task, other)).toBeUndefined()

    expect(await entries.find(draft.task, draft.key)).toMatchObject(draft)
    expect(await objects.head(entryObjectKey(draft.task, other))).toBeUndefined()
  })

  test('an entry whose blobs a bucket has removed gives way to a new one', async () => {
    const objects = createMemoryObjectStore()
    const { blobs, entries } = storesOver(objects)
    const first = await sampleDraft(blobs)
    await entries.publish(first)
    await objects.delete(blobObjectKey(first.packs[0]!.name))
    const second = await sampleDraft(blobs, { key: first.key })

    const outcome = await entries.publish(second)

    expect(outcome.kind).toBe('published')
    expect(await entries.find(first.task, first.key)).toMatchObject(second)
  })

  test('blobs and entries lie where the documentation says', async () => {
    const objects = createMemoryObjectStore()
    const { blobs, entries } = storesOver(objects)
    const draft = await sampleDraft(blobs)
    await entries.publish(draft)

    const keys: string[] = []
    for await (const { key } of objects.list('')) keys.push(key)

    expect(keys.map((key) => key.replaceAll(/[0-9a-f]{64}/g, '<digest>'))).toEqual([
      expect.stringMatching(/^v1\/blobs\/blake3\/[0-9a-f]{2}\/<digest>$/),
      expect.stringMatching(/^v1\/blobs\/blake3\/[0-9a-f]{2}\/<digest>$/),
      'v1/entries/unit_tests/<digest>.json',
      expect.stringMatching(/^v1\/recent\/unit_tests\/\d{13}-<digest>$/),
    ])
  })

  test('a blob that is there is not sent', async () => {
    const { blobs } = storesOver(createMemoryObjectStore())
    const blob = await sampleBlob(1_000)
    await blobs.put(blob)

    const again = await blobs.put({
      ...blob,
      open: () => {
        throw new Error('nobody needs these bytes')
      },
    })

    expect(again).toBe('known')
  })
})

function storesOver(objects: ObjectStore): OpenStores {
  const blobs = createObjectBlobStore(objects)
  return { blobs, entries: createObjectEntryStore({ objects, blobs }) }
}

async function openBucket(): Promise<ObjectStore> {
  const [server, http] = [await startStrictS3Server(), createHttpClient()]
  onTestFinished(async () => {
    await http[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })
  return openS3ObjectStore(server.address, { env: server.env, http })
}

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'taskvault-remote-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}
