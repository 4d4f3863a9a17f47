import { randomBytes } from 'node:crypto'
import { readdirSync, readlinkSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { openTemporaryStore } from '../../testing/temporary-store.ts'
import { blobPath, blobsDirectory } from './blob-path.ts'
import { FRAME_BYTES, createFrameCompressor } from './frame-compressor.ts'
import { openBlob } from './pack-reader.ts'
import { createPackWriter } from './pack-writer.ts'

test('a blob holds what was added, in frames that are written beside the caller', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  using compressor = createFrameCompressor()
  const writer = createPackWriter(store, compressor)
  const contents = Array.from({ length: 30 }, (_, index) =>
    index % 2 === 0 ? randomBytes(200_000) : Buffer.alloc(300_000, `${index} `),
  )

  for (const bytes of contents) writer.add(store.algorithm.hash(bytes), bytes)
  const { digest, sizeBytes } = await writer.finish()

  using blob = await openBlob(blobPath(store.cacheDirectory, digest))
  blob.verify(digest)
  expect(blob.sizeBytes).toBe(sizeBytes)
  expect(blob.index.frames.length).toBeGreaterThan(5)
  const found = Array.from({ length: 30 }, (_, row) =>
    blob.readContent(blob.index.contents.read(row)),
  )
  expect(found.every((bytes, index) => bytes.equals(contents[index] as Buffer))).toBe(true)
})

test('a blob that is abandoned while it is written leaves neither a file nor a descriptor', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  for (let after = 1; after <= 8; after += 1) {
    using compressor = createFrameCompressor()
    const writer = createPackWriter(store, compressor)
    for (let each = 0; each < 8; each += 1) {
      const bytes = randomBytes(FRAME_BYTES)
      writer.add(store.algorithm.hash(bytes), bytes)
    }
    while (writer.storedBytes === 0) await new Promise(setImmediate)
    for (let turn = 1; turn < after; turn += 1) await new Promise(setImmediate)

    writer.abandon()

    await expect(writer.finish()).rejects.toThrow('abandoned')
    await vi.waitFor(() => expect(listOpen(store.cacheDirectory)).toEqual([]), 30_000)
    expect(readdirSync(blobsDirectory(store.cacheDirectory))).toEqual([])
  }
})

/** Files of the store's blobs that this process has open; none where it cannot be told. */
function listOpen(cacheDirectory: string): string[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc/self/fd')
    .map((descriptor) => {
      try {
        return readlinkSync(`/proc/self/fd/${descriptor}`)
      } catch {
        // The one that the list was read through.
        return ''
      }
    })
    .filter((path) => path.startsWith(blobsDirectory(cacheDirectory)))
}
