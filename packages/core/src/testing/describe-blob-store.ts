import { describe, expect, test } from 'vitest'
import { openHashAlgorithm } from '../hashing/open-hash-algorithm.ts'
import { blobNameOf } from '../model/blob-name.ts'
import type { BlobName } from '../model/blob-name.ts'
import { digestFromBytes } from '../model/digest.ts'
import type { BlobStore } from '../remote/blob-store.ts'
import { piecesOf, readAll, sampleBlob, sampleBytes } from './sample-blobs.ts'

/** What `BlobStore` promises. @param open gives a store that others may use, too. */
export function describeBlobStore(name: string, open: () => Promise<BlobStore>): void {
  describe(`a blob store: ${name}`, () => {
    test.each([
      [64, 'blake3'],
      [65_537, 'sha256'],
      [3_000_000, 'blake3'],
    ])('gives back %i bytes that %s named', async (sizeBytes, algorithm) => {
      const store = await open()
      const blob = await sampleBlob(sizeBytes, algorithm)

      expect(await store.put(blob)).toBe('stored')
      expect(await readAll(await store.get(blob.name))).toEqual(blob.bytes)
    })

    test('keeps an empty blob', async () => {
      const store = await open()
      const algorithm = await openHashAlgorithm('blake3')
      const digest = digestFromBytes(algorithm.hash(Buffer.alloc(0)))
      const empty = blobNameOf({ algorithm: 'blake3', digest })

      await store.put({ name: empty, sizeBytes: 0, open: () => piecesOf(Buffer.alloc(0)) })

      expect(await readAll(await store.get(empty))).toEqual(Buffer.alloc(0))
      expect(await store.findMissing([empty])).toEqual([])
    })

    test('a blob that is not there is undefined', async () => {
      const store = await open()
      const { name: absent } = await sampleBlob(100)

      expect(await store.get(absent)).toBeUndefined()
      expect(await store.get(absent, { range: { start: 0, end: 10 } })).toBeUndefined()
    })

    test('names what is missing, in order, each once', async () => {
      const store = await open()
      const blobs = await Promise.all([1, 2, 3, 4].map(async () => await sampleBlob(100)))
      const [first, second, third, fourth] = blobs.map((blob) => blob.name) as [
        BlobName,
        BlobName,
        BlobName,
        BlobName,
      ]
      await store.put(blobs[1]!)

      expect(await store.findMissing([fourth, second, first, fourth, third])).toEqual([
        fourth,
        first,
        third,
      ])
      expect(await store.findMissing([])).toEqual([])
    })

    test('putting what is there is harmless, also by many at once', async () => {
      const store = await open()
      const blob = await sampleBlob(200_000)

      const outcomes = await Promise.all(
        Array.from({ length: 6 }, async () => await store.put(blob)),
      )

      expect(outcomes).toContain('stored')
      expect(await store.put(blob)).toBe('known')
      expect(await readAll(await store.get(blob.name))).toEqual(blob.bytes)
    })

    test.each([
      ['other bytes', sampleBytes(200_000, 77), 200_000],
      ['too few bytes', sampleBytes(199_999), 200_000],
      ['too many bytes', sampleBytes(200_001), 200_000],
    ])('refuses %s, and keeps nothing', async (_, bytes, sizeBytes) => {
      const store = await open()
      const { name: promised } = await sampleBlob(200_000)

      const attempt = store.put({ name: promised, sizeBytes, open: () => piecesOf(bytes) })

      await expect(attempt).rejects.toMatchObject({ code: 'BLOB_CORRUPT' })
      expect(await store.findMissing([promised])).toEqual([promised])
      expect(await store.get(promised)).toBeUndefined()
    })

    test('a blob that was refused can be put right afterwards', async () => {
      const store = await open()
      const blob = await sampleBlob(100_000)
      await store.put({ ...blob, open: () => piecesOf(sampleBytes(100_000, 5)) }).catch(() => {})

      expect(await store.put(blob)).toBe('stored')
      expect(await readAll(await store.get(blob.name))).toEqual(blob.bytes)
    })

    test('leaves a blob that is as it should be, and one that is not there, when it is to check them', async () => {
      const store = await open()
      const [blob, absent] = [await sampleBlob(200_000), await sampleBlob(100)]
      await store.put(blob)

      await store.check(blob)
      await store.check(absent)

      expect(await readAll(await store.get(blob.name))).toEqual(blob.bytes)
      expect(await store.get(absent.name)).toBeUndefined()
    })

    test('gives ranges', async () => {
      const store = await open()
      const blob = await sampleBlob(100_000)
      await store.put(blob)

      for (const [start, end] of [
        [0, 1],
        [1, 99_999],
        [99_999, 100_000],
        [0, 100_000],
      ] as const) {
        const part = await readAll(await store.get(blob.name, { range: { start, end } }))
        expect(part).toEqual(blob.bytes.subarray(start, end))
      }
    })

    test('refuses a range beyond the end', async () => {
      const store = await open()
      const blob = await sampleBlob(100)
      await store.put(blob)

      const read = async (start: number, end: number): Promise<Buffer> =>
        await readAll(await store.get(blob.name, { range: { start, end } }))

      await expect(read(50, 101)).rejects.toMatchObject({ code: 'REMOTE_INVALID' })
      await expect(read(200, 300)).rejects.toMatchObject({ code: 'REMOTE_INVALID' })
    })

    test('a reader that stops early, or never begins, harms nobody', async () => {
      const store = await open()
      const blob = await sampleBlob(3_000_000)
      await store.put(blob)

      for (let round = 0; round < 20; round += 1) {
        const iterator = (await store.get(blob.name))?.[Symbol.asyncIterator]()
        if (round % 2 === 0) await iterator?.next()
        await iterator?.return?.()
      }

      expect(await readAll(await store.get(blob.name))).toEqual(blob.bytes)
    })

    test('passes on what the source of the bytes fails with, and keeps nothing', async () => {
      const store = await open()
      const blob = await sampleBlob(200_000)
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield blob.bytes.subarray(0, 100_000)
        throw new RangeError('the source broke')
      }

      await expect(store.put({ ...blob, open: broken })).rejects.toThrow('the source broke')
      expect(await store.findMissing([blob.name])).toEqual([blob.name])
    })

    test('ends with the reason of a signal', async () => {
      const store = await open()
      const blob = await sampleBlob(100)
      const reason = new Error('stopped by the test')
      const signal = AbortSignal.abort(reason)

      await expect(store.get(blob.name, { signal })).rejects.toBe(reason)
      await expect(store.put(blob, { signal })).rejects.toBe(reason)
      await expect(store.findMissing([blob.name], { signal })).rejects.toBe(reason)
    })
  })
}
