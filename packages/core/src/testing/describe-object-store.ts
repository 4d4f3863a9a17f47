import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { ListedObject, ObjectContent, ObjectStore } from '../remote/objects/object-store.ts'
import { piecesOf, readAll, sampleBytes } from './sample-blobs.ts'

/** What `ObjectStore` promises. @param open gives an empty store at each call. */
export function describeObjectStore(name: string, open: () => Promise<ObjectStore>): void {
  describe(`an object store: ${name}`, () => {
    test.each([0, 1, 65_537, 3_000_000])('gives back %i bytes as they were', async (sizeBytes) => {
      const store = await open()
      const bytes = sampleBytes(sizeBytes)

      const wasNew = await store.putIfAbsent('a/b', contentOf(bytes))

      expect(wasNew).toBe(true)
      // Not every store tells it.
      expect([{ sizeBytes }, {}]).toContainEqual(await store.head('a/b'))
      expect(await readAll(await store.get('a/b'))).toEqual(bytes)
    })

    test('what is not there is undefined, and removing it is harmless', async () => {
      const store = await open()
      await store.putIfAbsent('a', contentOf(sampleBytes(1)))

      for (const key of ['nothing', 'nothing/below', 'nothing/at/all']) {
        expect(await store.head(key)).toBeUndefined()
        expect(await store.get(key)).toBeUndefined()
        await store.delete(key)
      }
      expect(await listAll(store, 'nothing')).toEqual([])
    })

    test('keeps the first object of a key', async () => {
      const store = await open()
      await store.putIfAbsent('a', contentOf(Buffer.from('first')))

      const wasNew = await store.putIfAbsent('a', contentOf(Buffer.from('second')))

      expect(wasNew).toBe(false)
      expect(String(await readAll(await store.get('a')))).toBe('first')
    })

    test('tells exactly one of many writers that it was the first', async () => {
      const store = await open()
      const texts = Array.from({ length: 12 }, (_, index) => `writer ${index}`)

      const outcomes = await Promise.all(
        texts.map(async (text) => await store.putIfAbsent('raced', contentOf(Buffer.from(text)))),
      )

      const winners = texts.filter((_, index) => outcomes[index] === true)
      expect(winners).toHaveLength(1)
      expect(String(await readAll(await store.get('raced')))).toBe(winners[0])
    })

    test.each<readonly [string, Partial<ObjectContent>]>([
      ['fewer bytes', { sizeBytes: 200_001 }],
      ['more bytes', { sizeBytes: 199_999 }],
      ['other bytes', { sha256: sha256Of(Buffer.from('other')) }],
    ])('refuses %s than were announced, and keeps nothing', async (_, announced) => {
      const store = await open()
      const content = { ...contentOf(sampleBytes(200_000)), ...announced }

      const attempt = store.putIfAbsent('a/wrong', content)

      await expect(attempt).rejects.toMatchObject({ code: 'BLOB_CORRUPT' })
      expect(await store.head('a/wrong')).toBeUndefined()
      expect(await listAll(store, '')).toEqual([])
      expect(await store.putIfAbsent('a/wrong', contentOf(sampleBytes(10)))).toBe(true)
    })

    test('takes bytes whose digest nobody knows', async () => {
      const store = await open()
      const { sizeBytes, open: openPieces } = contentOf(sampleBytes(1_000))

      expect(await store.putIfAbsent('a', { sizeBytes, open: openPieces })).toBe(true)
      expect(await readAll(await store.get('a'))).toEqual(sampleBytes(1_000))
    })

    test('passes on what the source of the bytes fails with, and keeps nothing', async () => {
      const store = await open()

      const attempt = store.putIfAbsent('a', { sizeBytes: 200_000, open: brokenPieces })

      await expect(attempt).rejects.toThrow('the source broke')
      expect(await store.head('a')).toBeUndefined()
    })

    test('gives ranges', async () => {
      const store = await open()
      const bytes = sampleBytes(100_000)
      await store.putIfAbsent('a', contentOf(bytes))

      for (const [start, end] of [
        [0, 1],
        [1, 99_999],
        [99_999, 100_000],
        [0, 100_000],
        [50, 50],
      ] as const) {
        const part = await readAll(await store.get('a', { range: { start, end } }))
        expect(part).toEqual(bytes.subarray(start, end))
      }
      expect(await store.get('b', { range: { start: 0, end: 1 } })).toBeUndefined()
      expect(await store.get('b', { range: { start: 1, end: 1 } })).toBeUndefined()
    })

    test.each([
      [90, 101],
      [100, 110],
      [300, 400],
    ])('refuses the range %i-%i of 100 bytes', async (start, end) => {
      const store = await open()
      await store.putIfAbsent('a', contentOf(sampleBytes(100)))

      const attempt = store.get('a', { range: { start, end } })

      await expect(attempt).rejects.toMatchObject({ code: 'REMOTE_INVALID' })
    })

    test('a reader that stops early, or never begins, harms nobody', async () => {
      const store = await open()
      await store.putIfAbsent('a', contentOf(sampleBytes(3_000_000)))

      for (let round = 0; round < 20; round += 1) {
        const iterator = (await store.get('a'))?.[Symbol.asyncIterator]()
        if (round % 2 === 0) await iterator?.next()
        await iterator?.return?.()
      }

      expect(await readAll(await store.get('a'))).toEqual(sampleBytes(3_000_000))
    })

    test('what is removed is gone, and can be written again', async () => {
      const store = await open()
      await store.putIfAbsent('a/b', contentOf(Buffer.from('first')))

      await store.delete('a/b')

      expect(await store.get('a/b')).toBeUndefined()
      expect(await store.putIfAbsent('a/b', contentOf(Buffer.from('second')))).toBe(true)
      expect(String(await readAll(await store.get('a/b')))).toBe('second')
    })

    test('lists what begins with a prefix, in the order of the keys', async () => {
      const store = await open()
      const keys = ['b', 'a/c/d', 'a-b', 'a/b=1', 'a.b', 'a0', 'a/c0', 'A']
      for (const key of keys) await store.putIfAbsent(key, contentOf(sampleBytes(key.length)))

      const all = await listAll(store, '')

      expect(all.map(({ key }) => key)).toEqual(keys.toSorted())
      expect(all.map(({ sizeBytes }) => sizeBytes)).toEqual(
        keys.toSorted().map((key) => key.length),
      )
      for (const { modifiedAtMs } of all)
        expect(Math.abs(modifiedAtMs - Date.now())).toBeLessThan(600_000)
      expect((await listAll(store, 'a/')).map(({ key }) => key)).toEqual(['a/b=1', 'a/c/d', 'a/c0'])
      expect((await listAll(store, 'a/c')).map(({ key }) => key)).toEqual(['a/c/d', 'a/c0'])
      expect(await listAll(store, 'a/c/d/e')).toEqual([])
    })

    test.each(['', '/', 'a//b', '../a', 'a/../b', './a', 'a/.', 'a b', 'a\\b', 'ä', 'a\0', 'a/'])(
      'refuses the key %j before it does anything',
      async (key) => {
        const store = await open()
        const refusal = { code: 'ARGUMENT_INVALID' }

        await expect(store.head(key)).rejects.toMatchObject(refusal)
        await expect(store.get(key)).rejects.toMatchObject(refusal)
        await expect(store.delete(key)).rejects.toMatchObject(refusal)
        await expect(store.putIfAbsent(key, contentOf(Buffer.from('a')))).rejects.toMatchObject(
          refusal,
        )
        if (key !== '' && key !== 'a/' && key !== 'a/.')
          await expect(listAll(store, key)).rejects.toMatchObject(refusal)
      },
    )

    test('ends with the reason of a signal', async () => {
      const store = await open()
      const { signal, reason } = aborted()

      await expect(store.head('a', { signal })).rejects.toBe(reason)
      await expect(store.get('a', { signal })).rejects.toBe(reason)
      await expect(store.putIfAbsent('a', contentOf(sampleBytes(5)), { signal })).rejects.toBe(
        reason,
      )
      expect(await store.head('a')).toBeUndefined()
    })
  })
}

/** Content for a store, in pieces. */
export function contentOf(bytes: Uint8Array): ObjectContent {
  return { sizeBytes: bytes.length, sha256: sha256Of(bytes), open: () => piecesOf(bytes) }
}

async function* brokenPieces(): AsyncGenerator<Uint8Array> {
  yield sampleBytes(100_000)
  throw new RangeError('the source broke')
}

async function listAll(store: ObjectStore, prefix: string): Promise<readonly ListedObject[]> {
  const found: ListedObject[] = []
  for await (const object of store.list(prefix)) found.push(object)
  return found
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function aborted(): { readonly signal: AbortSignal; readonly reason: Error } {
  const reason = new Error('stopped by the test')
  return { signal: AbortSignal.abort(reason), reason }
}
