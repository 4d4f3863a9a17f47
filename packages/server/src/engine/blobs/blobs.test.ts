import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { createFolderObjectStore, parseBlobName } from '@taskvault/core'
import type { ObjectStore } from '@taskvault/core'
import { createMemoryObjectStore } from '@taskvault/core/testing'
import { expect, onTestFinished, test } from 'vitest'
import { describeDatabases } from '../../testing/temporary-database.ts'
import { HEALTH_KEY } from '../health.ts'
import { openTestEngine } from '../testing/open-engine.ts'
import type { TestEngine } from '../testing/open-engine.ts'
import {
  ADMIN,
  MAINTAINER,
  OTHER_PULL,
  PULL,
  draftOf,
  entryOf,
  place,
  readBlob,
  sampleBlob,
  save,
  send,
  streamOf,
  writerOf,
} from '../testing/sample-entries.ts'

const LEASE_MS = 1_000_000

describeDatabases((maker) => {
  const open = async (given?: Parameters<typeof openTestEngine>[1]): Promise<TestEngine> =>
    await openTestEngine(await maker.open(), { times: { leaseMs: LEASE_MS }, ...given })

  test('gives a blob back, whole and by range', async () => {
    const { engine } = await open({ objects: createFolderObjectStore(makeDirectory()) })
    const blob = sampleBlob(Buffer.alloc(300_000, 'abc'))
    expect(await send(engine, MAINTAINER, blob)).toBe(true)

    const part = await engine.openBlob(MAINTAINER, blob.name, { start: 299_990, end: 999_999 })

    expect(await send(engine, MAINTAINER, blob)).toBe(false)
    expect(await engine.headBlob(MAINTAINER, blob.name)).toEqual(rowOf(blob))
    expect(await readBlob(engine, MAINTAINER, blob)).toEqual(blob.content)
    expect(part).toMatchObject({ ...rowOf(blob), range: { start: 299_990, end: 300_000 } })
    expect(await buffer(part!.bytes)).toEqual(blob.content.subarray(299_990))
    await expect(
      engine.openBlob(MAINTAINER, blob.name, { start: 300_001, end: 300_002 }),
    ).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
  })

  test('takes an empty blob, and one of BLAKE3', async () => {
    const { engine } = await open()
    const empty = sampleBlob('')
    const name = parseBlobName(
      'blake3-6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85',
    )
    const blake3 = { ...sampleBlob('abc'), name }

    expect(await send(engine, MAINTAINER, empty)).toBe(true)
    expect(await send(engine, MAINTAINER, blake3)).toBe(true)

    expect(await readBlob(engine, MAINTAINER, empty)).toEqual(Buffer.alloc(0))
    expect(String(await readBlob(engine, MAINTAINER, blake3))).toBe('abc')
  })

  test('bytes that are not what their name says leave nothing behind', async () => {
    const directory = makeDirectory()
    const { engine, advance } = await open({ objects: createFolderObjectStore(directory) })
    const blob = sampleBlob(Buffer.alloc(100_000, 1))
    const wrong = [
      Buffer.alloc(100_000, 2),
      Buffer.alloc(99_999, 1),
      Buffer.alloc(100_001, 1),
      Buffer.alloc(0),
    ]

    for (const content of wrong) {
      const sending = engine.storeBlob(MAINTAINER, blob, streamOf(content))
      await expect(sending).rejects.toMatchObject({ code: 'BLOB_CORRUPT' })
    }

    expect(await engine.findMissing(MAINTAINER, [blob.name])).toEqual([blob.name])
    expect(await engine.stats(MAINTAINER)).toMatchObject({ storedBytes: 0 })
    advance(1)
    await engine.collect()
    expect(filesBelow(directory)).toEqual([HEALTH_KEY])
  })

  test('a transfer that breaks off leaves nothing behind, and can be repeated', async () => {
    const { engine } = await open()
    const blob = sampleBlob(Buffer.alloc(100_000, 1))
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield blob.content.subarray(0, 50_000)
      throw new Error('socket hang up')
    }

    await expect(engine.storeBlob(MAINTAINER, blob, broken())).rejects.toThrow('socket hang up')

    expect(await engine.stats(MAINTAINER)).toMatchObject({ storedBytes: 0 })
    expect(await send(engine, MAINTAINER, blob)).toBe(true)
  })

  test('an upload that takes longer than its place was kept is to be repeated', async () => {
    const { engine, advance } = await open({ times: { leaseMs: LEASE_MS, uploadMs: 1_000 } })
    const blob = sampleBlob(Buffer.alloc(100_000, 1))
    async function* trickled(): AsyncGenerator<Uint8Array> {
      yield blob.content.subarray(0, 50_000)
      advance(1_000)
      await engine.collect()
      yield blob.content.subarray(50_000)
    }

    await expect(engine.storeBlob(MAINTAINER, blob, trickled())).rejects.toMatchObject({
      code: 'REMOTE_UNAVAILABLE',
    })
    expect(await engine.findMissing(MAINTAINER, [blob.name])).toEqual([blob.name])
    expect(await send(engine, MAINTAINER, blob)).toBe(true)
  })

  test('takes bytes whose name is not known before they end', async () => {
    const { engine } = await open()
    const blob = sampleBlob(Buffer.alloc(200_000, 7))

    const row = await engine.storeUnnamed(MAINTAINER, streamOf(blob.content), 200_000)

    expect(row).toEqual(rowOf(blob))
    expect(await readBlob(engine, MAINTAINER, row)).toEqual(blob.content)
    await expect(
      engine.storeUnnamed(MAINTAINER, streamOf(blob.content), 199_999),
    ).rejects.toMatchObject({ code: 'REQUEST_TOO_LARGE' })
  })

  test('holds nothing open of bytes that are there already', async () => {
    const { engine } = await open()
    const known = Buffer.alloc(100_000, 7)
    await engine.storeUnnamed(MAINTAINER, streamOf(known), known.length)
    const before = readdirSync('/proc/self/fd').length

    for (let sent = 0; sent < 20; sent += 1)
      await engine.storeUnnamed(MAINTAINER, streamOf(known), known.length)

    expect(readdirSync('/proc/self/fd').length).toBeLessThan(before + 10)
  })

  test('leaves no file behind, not even those of a process that was killed', async () => {
    const temporaryDirectory = makeDirectory()
    const old = join(temporaryDirectory, 'upload-abandoned')
    writeFileSync(old, 'half')
    utimesSync(old, 0, 0)
    writeFileSync(join(temporaryDirectory, 'upload-of-another-server'), 'still at it')

    const { engine } = await open({ temporaryDirectory })
    await engine.storeUnnamed(MAINTAINER, streamOf(Buffer.from('abc')), 10)

    expect(readdirSync(temporaryDirectory)).toEqual(['upload-of-another-server'])
  })

  test('of many who send the same blob at once, each has it, and one copy stays', async () => {
    const objects = createMemoryObjectStore()
    const { engine } = await open({ objects })
    const blob = sampleBlob()

    const outcomes = await Promise.all(
      Array.from({ length: 8 }, async () => await send(engine, MAINTAINER, blob)),
    )
    await engine.collect()

    expect(outcomes.filter(Boolean)).toHaveLength(1)
    expect(await readBlob(engine, MAINTAINER, blob)).toEqual(blob.content)
    expect(await listObjects(objects)).toHaveLength(1)
    expect(await engine.stats(MAINTAINER)).toMatchObject({ storedBytes: blob.sizeBytes })
  })

  test('what a less trusted scope has sent counts for no other one', async () => {
    const { engine } = await open()
    const blob = sampleBlob()
    await send(engine, writerOf(PULL), blob)

    for (const who of [MAINTAINER, writerOf(OTHER_PULL)]) {
      expect(await engine.findMissing(who, [blob.name])).toEqual([blob.name])
      expect(await engine.openBlob(who, blob.name)).toBeUndefined()
      expect(await engine.publish(who, draftOf('k', [blob]))).toMatchObject({
        kind: 'blobs-missing',
      })
    }
    expect(await send(engine, MAINTAINER, blob)).toBe(true)
    expect(await engine.findMissing(writerOf(OTHER_PULL), [blob.name])).toEqual([])
  })

  test('tells which of ten thousand names are missing', async () => {
    const { engine } = await open()
    const here = [sampleBlob(), sampleBlob(), sampleBlob()]
    for (const blob of here) await send(engine, MAINTAINER, blob)
    const others = Array.from({ length: 9_997 }, (_, index) => sampleBlob(`absent ${index}`).name)
    const names = [
      ...others.slice(0, 5_000),
      ...here.map(({ name }) => name),
      ...others.slice(5_000),
    ]

    expect(await engine.findMissing(MAINTAINER, names)).toEqual(others)
    expect(await engine.findMissing(MAINTAINER, [])).toEqual([])
  })

  test('collects what was sent and never published, once its lease is over', async () => {
    const objects = createMemoryObjectStore()
    const { engine, advance } = await open({ objects })
    const blob = sampleBlob()
    await send(engine, MAINTAINER, blob)

    advance(LEASE_MS - 1)
    await engine.collect()
    expect(await readBlob(engine, MAINTAINER, blob)).toEqual(blob.content)

    // Just now it was told of once more, so it stays for another lease.
    advance(LEASE_MS - 1)
    await engine.collect()
    expect(await listObjects(objects)).toHaveLength(1)

    advance(1)
    await engine.collect()
    expect(await listObjects(objects)).toHaveLength(0)
    expect(await engine.stats(MAINTAINER)).toMatchObject({ storedBytes: 0 })
  })

  test('keeps what entries need, and what the entries of others need', async () => {
    const objects = createMemoryObjectStore()
    const { engine, advance } = await open({ objects })
    const shared = sampleBlob()
    const main = await save(engine, MAINTAINER, { key: 'main', blob: shared })
    const pull = await save(engine, writerOf(PULL), { key: 'pull', blob: shared })

    await engine.remove(ADMIN, main.id)
    advance(10 * LEASE_MS)
    await engine.collect()
    expect(await readBlob(engine, writerOf(PULL), shared)).toEqual(shared.content)
    expect(await engine.stats(MAINTAINER)).toMatchObject({ storedBytes: 0 })

    advance(10 * LEASE_MS)
    await engine.remove(ADMIN, pull.id)
    advance(10 * LEASE_MS)
    await engine.collect()
    expect(await listObjects(objects)).toEqual([])
  })

  test('a reader who was told of an entry gets its blobs, although it goes meanwhile', async () => {
    const { engine, advance } = await open()
    const blob = sampleBlob()
    const entry = await save(engine, MAINTAINER, { key: 'k', blob })
    await engine.find(MAINTAINER, place('k'))

    await engine.remove(ADMIN, entry.id)
    advance(LEASE_MS - 1)
    await engine.collect()

    expect(await readBlob(engine, MAINTAINER, blob)).toEqual(blob.content)
  })

  test('a reader who takes longer than a lease for one blob gets all of it', async () => {
    const objects = createMemoryObjectStore()
    const { engine, advance } = await open({ objects })
    const blob = sampleBlob(Buffer.alloc(500_000, 3))
    await send(engine, MAINTAINER, blob)
    const opened = await engine.openBlob(MAINTAINER, blob.name)
    const pieces = opened!.bytes[Symbol.asyncIterator]()
    const first = await pieces.next()

    for (let turn = 0; turn < 8; turn += 1) {
      advance(LEASE_MS / 2)
      await engine.collect()
    }

    expect(first.done).toBe(false)
    expect(await listObjects(objects)).toHaveLength(1)
    await pieces.return?.()
    advance(LEASE_MS + 1)
    await engine.collect()
    expect(await listObjects(objects)).toEqual([])
  })

  test('a reader that never begins, or stops, leaves no file open', async () => {
    const { engine } = await open({ objects: createFolderObjectStore(makeDirectory()) })
    const blob = sampleBlob(Buffer.alloc(2_000_000, 1))
    await send(engine, MAINTAINER, blob)
    const before = readdirSync('/proc/self/fd').length

    for (let reader = 0; reader < 30; reader += 1) {
      const opened = await engine.openBlob(MAINTAINER, blob.name)
      const pieces = opened!.bytes[Symbol.asyncIterator]()
      if (reader % 2 === 1) await pieces.next()
      await pieces.return?.()
    }

    expect(readdirSync('/proc/self/fd').length).toBeLessThan(before + 10)
  })

  test('a blob that is checked costs its entries if it is damaged, and in each scope of the caller', async () => {
    const objects = createMemoryObjectStore()
    const { engine, events } = await open({ objects })
    const blob = sampleBlob()
    await save(engine, MAINTAINER, { key: 'a', blob })
    await save(engine, writerOf(PULL), { key: 'b', blob })
    await save(engine, MAINTAINER, { key: 'c' })
    const before = await listObjects(objects)

    await engine.checkBlob(MAINTAINER, blob.name)
    expect(await listObjects(objects)).toEqual(before)
    for (const key of before) await replaceIf(blob.name, key)
    // Found by many at once, it is told of once.
    const checks = [1, 2, 3].map(async () => await engine.checkBlob(MAINTAINER, blob.name))
    await Promise.all(checks)

    expect((await engine.list(ADMIN, { limit: 9 })).map((entry) => entry.key)).toEqual(['c'])
    expect(await engine.findMissing(MAINTAINER, [blob.name])).toEqual([blob.name])
    // To who comes a moment later, it is lost.
    const kind = expect.stringMatching(/^(?:damaged|lost)$/) as string
    expect(events).toEqual([expect.objectContaining({ kind })])
    expect(await send(engine, MAINTAINER, blob)).toBe(true)

    async function replaceIf(name: string, key: string): Promise<void> {
      const content = await buffer((await objects.get(key))!)
      if (sampleBlob(content).name !== name) return
      await objects.delete(key)
      const [first = 0, ...rest] = content
      const damaged = Buffer.from([first ^ 1, ...rest])
      await objects.putIfAbsent(key, { sizeBytes: damaged.length, open: () => streamOf(damaged) })
    }
  })

  test('a blob whose object is longer than it was is given without what is too much', async () => {
    const directory = makeDirectory()
    const objects = createFolderObjectStore(directory)
    const { engine } = await open({ objects })
    const blob = sampleBlob()
    await save(engine, MAINTAINER, { key: 'a', blob })
    const [file] = (await listObjects(objects)).filter((key) => key !== HEALTH_KEY)

    writeFileSync(join(directory, file!), Buffer.concat([blob.content, Buffer.from('more')]))

    expect(await readBlob(engine, MAINTAINER, blob)).toEqual(blob.content)
  })

  test('a blob whose object was taken away costs its entries, and nothing else', async () => {
    const objects = createMemoryObjectStore()
    const { engine, events } = await open({ objects })
    const blob = sampleBlob()
    await save(engine, MAINTAINER, { key: 'a', blob })
    await save(engine, writerOf(PULL), { key: 'b', blob })
    await save(engine, MAINTAINER, { key: 'c' })
    const [key] = await keyOf(blob.name)

    await objects.delete(key!)

    expect(await engine.openBlob(MAINTAINER, blob.name)).toBeUndefined()
    expect((await engine.list(ADMIN, { limit: 9 })).map((entry) => entry.key)).toEqual(['c'])
    expect(await engine.findMissing(MAINTAINER, [blob.name])).toEqual([blob.name])
    expect(events.map(({ kind }) => kind)).toEqual(['lost'])
    expect(await send(engine, MAINTAINER, blob)).toBe(true)

    async function keyOf(name: string): Promise<readonly string[]> {
      const found = await Promise.all(
        (await listObjects(objects)).map(async (each) => {
          const content = await buffer((await objects.get(each))!)
          return sampleBlob(content).name === name ? each : ''
        }),
      )
      return found.filter((each) => each !== '')
    }
  })

  test('the wrong store of objects costs no entries', async () => {
    const objects = createMemoryObjectStore()
    const { engine } = await open({ objects })
    const blob = sampleBlob()
    await save(engine, MAINTAINER, { key: 'a', blob })

    for (const key of [...(await listObjects(objects)), HEALTH_KEY]) await objects.delete(key)

    expect(await engine.openBlob(MAINTAINER, blob.name)).toBeUndefined()
    expect(await engine.list(ADMIN, { limit: 9 })).toHaveLength(1)
    await expect(engine.checkHealth()).rejects.toMatchObject({ code: 'REMOTE_REFUSED' })
  })

  test('a damaged object stays in the wrong store of objects, and so do its entries', async () => {
    const directory = makeDirectory()
    const objects = createFolderObjectStore(directory)
    const { engine } = await open({ objects })
    const blob = sampleBlob()
    await save(engine, MAINTAINER, { key: 'a', blob })
    await objects.delete(HEALTH_KEY)
    const [file] = await listObjects(objects)
    writeFileSync(join(directory, file!), 'short')

    await engine.checkBlob(MAINTAINER, blob.name)

    expect(await engine.list(ADMIN, { limit: 9 })).toHaveLength(1)
    expect(await listObjects(objects)).toEqual([file])
  })

  test('who dies between an object and its row leaves nothing for good', async () => {
    const objects = createMemoryObjectStore()
    const { engine, opened, advance } = await open({
      objects,
      times: { leaseMs: LEASE_MS, uploadMs: 50 },
    })
    const blob = sampleBlob()
    await send(engine, MAINTAINER, sampleBlob('makes the scope'))
    // As the upload leaves things when the process ends right after the last byte.
    const objectKey = 'default/aa/abandoned'
    await objects.putIfAbsent(objectKey, { sizeBytes: 100, open: () => streamOf(blob.content) })
    const { database } = opened
    await database
      .insertInto('loose_objects')
      .values({
        object_key: objectKey,
        tenant_id: 'default',
        scope: MAINTAINER.writes!.name,
        name: blob.name,
        size_bytes: 100,
        sha256: null,
        is_counted: 1,
        expires_at: 1_800_000_000_050,
      })
      .execute()
    await database.updateTable('scopes').set({ used_bytes: 115 }).execute()

    advance(50)
    await engine.collect()

    expect(await objects.head(objectKey)).toBeUndefined()
    expect(await engine.stats(MAINTAINER)).toMatchObject({ storedBytes: 15 })
  })

  test('publishing and collecting at once never leaves an entry without its blobs', async () => {
    const { engine, advance } = await open({ times: { leaseMs: 1 } })
    const blobs = Array.from({ length: 30 }, (_, index) => sampleBlob(`content ${index}`))

    const outcomes = await Promise.all(
      blobs.map(async (blob, index) => {
        await send(engine, MAINTAINER, blob)
        advance(1)
        const [publication] = await Promise.all([
          engine.publish(MAINTAINER, draftOf(`k${index}`, [blob])),
          engine.collect(),
        ])
        return publication
      }),
    )
    advance(10)
    await engine.collect()

    const published = outcomes.filter(({ kind }) => kind === 'published').map(entryOf)
    for (const entry of published) {
      expect(
        await engine.findMissing(
          MAINTAINER,
          entry.blobs.map(({ name }) => name),
        ),
      ).toEqual([])
    }
  })
})

const rowOf = ({ name, sizeBytes }: ReturnType<typeof sampleBlob>): object => ({ name, sizeBytes })

async function listObjects(objects: ObjectStore): Promise<readonly string[]> {
  const keys: string[] = []
  for await (const { key } of objects.list('')) if (key !== HEALTH_KEY) keys.push(key)
  return keys
}

function makeDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'taskvault-objects-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((found) => found.isFile())
    .map(({ name }) => name)
}
