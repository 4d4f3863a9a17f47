import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { verifyAudit } from '../../database/read-audit.ts'
import { describeDatabases } from '../../testing/temporary-database.ts'
import { openTestEngine } from '../testing/open-engine.ts'
import {
  ADMIN,
  BRANCH,
  MAIN,
  MAINTAINER,
  OTHER_PULL,
  PULL,
  STRANGER,
  addTenant,
  draftOf,
  entryOf,
  place,
  sampleBlob,
  save,
  send,
  writerOf,
} from '../testing/sample-entries.ts'

const KEYS = Array.from({ length: 8 }, (_, at) => `large-${at}`)

describeDatabases((maker) => {
  test('gives back what was published', async () => {
    const { engine, now } = await openTestEngine(await maker.open())
    const blobs = [sampleBlob(), sampleBlob('small')]
    for (const blob of blobs) await send(engine, MAINTAINER, blob)
    const draft = draftOf('k', blobs, { details: { text: 'ä\u{1F600}"\\' }, sizeBytes: 2 ** 44 })

    const entry = entryOf(await engine.publish(MAINTAINER, draft))

    expect(await engine.find(MAINTAINER, place('k'))).toEqual(entry)
    expect(entry).toMatchObject({ ...draft, scope: MAIN.name, createdAtMs: now(), restored: [] })
    expect(await engine.show(MAINTAINER, entry.id)).toEqual(entry)
  })

  test('nobody’s numbers keep the sums of a tenant from being told', async () => {
    const { engine, opened } = await openTestEngine(await maker.open())
    const { blobs } = await save(engine, MAINTAINER, { key: 'k' })

    for (const large of [{ sizeBytes: 2 ** 44 + 1 }, { durationMs: 400 * 24 * 3_600_000 }]) {
      await expect(
        engine.publish(MAINTAINER, draftOf('large', blobs, large)),
      ).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
    }
    await sql`update scopes set saved_ms = 9007199254740993`.execute(opened.database)

    expect(await engine.stats(ADMIN)).toMatchObject({ entries: 1, savedMs: 2 ** 53 })
  })

  test('a page of large entries is shorter, and the pages together have them all', async () => {
    const { engine } = await openTestEngine(await maker.open())
    const blob = sampleBlob()
    await send(engine, MAINTAINER, blob)
    const blobs = Array.from({ length: 20_000 }, () => blob)
    for (const key of KEYS) await engine.publish(MAINTAINER, draftOf(key, blobs))

    const pages: (readonly string[])[] = []
    for (let after: string | undefined; ;) {
      const page = await engine.list(MAINTAINER, { limit: 1000, after })
      if (page.length === 0) break
      pages.push(page.map(({ key }) => key))
      after = page.at(-1)?.id
    }

    expect(pages.flat()).toEqual(KEYS.toReversed())
    expect(Math.max(...pages.map((page) => page.length))).toBeLessThan(KEYS.length)
  })

  test('refuses an entry until every blob of it is there', async () => {
    const { engine } = await openTestEngine(await maker.open())
    const [here, absent] = [sampleBlob(), sampleBlob()]
    await send(engine, MAINTAINER, here)

    const early = await engine.publish(MAINTAINER, draftOf('k', [here, absent]))
    expect(early).toEqual({ kind: 'blobs-missing', names: [absent.name] })
    expect(await engine.find(MAINTAINER, place('k'))).toBeUndefined()

    await send(engine, MAINTAINER, absent)
    expect(await engine.publish(MAINTAINER, draftOf('k', [here, absent]))).toMatchObject({
      kind: 'published',
    })
  })

  test('keeps the first entry of a key, and notes who came with another one', async () => {
    const { engine, opened } = await openTestEngine(await maker.open())
    const first = await save(engine, MAINTAINER, { key: 'k' })
    const other = sampleBlob()
    await send(engine, MAINTAINER, other)

    const same = await engine.publish(MAINTAINER, draftOf('k', first.blobs))
    const different = await engine.publish(MAINTAINER, draftOf('k', [other]))

    expect(same).toEqual({ kind: 'known', entry: first, isSame: true })
    expect(different).toEqual({ kind: 'known', entry: first, isSame: false })
    const lines = await readAudit(opened.database)
    expect(lines.filter((line) => line.includes('ERROR entry_exists'))).toHaveLength(1)
  })

  test('of 64 writers at once, exactly one wins', async () => {
    const { engine } = await openTestEngine(await maker.open())
    const blobs = Array.from({ length: 64 }, (_, index) => sampleBlob(`content ${index}`))
    for (const blob of blobs) await send(engine, MAINTAINER, blob)

    const outcomes = await Promise.all(
      blobs.map(async (blob) => await engine.publish(MAINTAINER, draftOf('k', [blob]))),
    )

    const winners = outcomes.filter(({ kind }) => kind === 'published')
    expect(winners).toHaveLength(1)
    expect(outcomes.filter(({ kind }) => kind === 'known')).toHaveLength(63)
    expect(await engine.find(MAINTAINER, place('k'))).toEqual(entryOf(winners[0]!))
  })

  test('an expired entry answers no more, and makes way for a new one', async () => {
    const { engine, now, advance } = await openTestEngine(await maker.open())
    const old = await save(engine, MAINTAINER, { key: 'k', expiresAtMs: now() + 1_000 })
    expect(await engine.find(MAINTAINER, place('k'))).toEqual(old)

    advance(1_000)

    expect(await engine.find(MAINTAINER, place('k'))).toBeUndefined()
    expect(await engine.findByPrefix(MAINTAINER, prefixed(''))).toBeUndefined()
    const fresh = await save(engine, MAINTAINER, { key: 'k' })
    expect(await engine.find(MAINTAINER, place('k'))).toEqual(fresh)
  })

  test('lives no longer than its tenant lets entries live', async () => {
    const { engine, opened, now } = await openTestEngine(await maker.open())
    await opened.database.updateTable('tenants').set({ ttl_ms: 5_000 }).execute()

    const short = await save(engine, MAINTAINER, { key: 'a', expiresAtMs: now() + 1 })
    const long = await save(engine, MAINTAINER, { key: 'b', expiresAtMs: now() + 9_999 })
    const open = await save(engine, MAINTAINER, { key: 'c' })

    const ends = [short, long, open].map((entry) => entry.expiresAtMs! - now())
    expect(ends).toEqual([1, 5_000, 5_000])
  })

  test('answers from the own scope first, then from more trusted ones, and never downwards', async () => {
    const { engine } = await openTestEngine(await maker.open())
    const main = await save(engine, MAINTAINER, { key: 'shared' })
    const pull = await save(engine, writerOf(PULL), { key: 'shared' })
    await save(engine, writerOf(PULL), { key: 'pull only' })

    expect(await engine.find(writerOf(PULL), place('shared'))).toEqual(pull)
    expect(await engine.find(writerOf(BRANCH), place('shared'))).toEqual(main)
    expect(await engine.find(writerOf(OTHER_PULL), place('shared'))).toEqual(main)
    expect(await engine.find(MAINTAINER, place('shared'))).toEqual(main)
    expect(await engine.find(MAINTAINER, place('pull only'))).toBeUndefined()
    expect(await engine.findByPrefix(MAINTAINER, prefixed('pull'))).toBeUndefined()
    expect(await engine.find(writerOf(OTHER_PULL), place('pull only'))).toBeUndefined()
  })

  test('reads nothing less trusted than what is written, whatever a principal says', async () => {
    const { engine } = await openTestEngine(await maker.open())
    await save(engine, writerOf(PULL), { key: 'poison' })

    const confused = writerOf(MAIN, { reads: [MAIN, PULL] })

    expect(await engine.find(confused, place('poison'))).toBeUndefined()
    expect(await engine.findByPrefix(confused, prefixed('p'))).toBeUndefined()
    expect(await engine.list(confused, { limit: 10 })).toEqual([])
  })

  test('whoever writes nothing publishes and sends nothing', async () => {
    const { engine } = await openTestEngine(await maker.open())
    const reader = writerOf(MAIN, { writes: undefined })
    const blob = sampleBlob()

    const attempts = [
      async () => await send(engine, reader, blob),
      async () => await engine.planUploads(reader, [blob]),
      async () => await engine.confirmUploads(reader, [blob]),
      async () => await engine.storeUnnamed(reader, streamOfNothing(), 10),
      async () => await engine.publish(reader, draftOf('k', [])),
      async () => await engine.remove(MAINTAINER, 'any'),
      async () => await engine.quarantine(MAINTAINER, 'any', 'because'),
      async () => await engine.invalidate(MAINTAINER, {}),
    ]

    for (const attempt of attempts)
      await expect(attempt()).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })

  test('finds the newest entry with a prefix, in each scope in turn', async () => {
    const { engine, advance } = await openTestEngine(await maker.open())
    for (const key of ['a-1', 'a-3', 'a-2', 'b-1', 'a%', 'A-9']) {
      await save(engine, MAINTAINER, { key })
      advance(1)
    }
    const pull = await save(engine, writerOf(PULL), { key: 'a-0' })

    const newest = async (prefix: string): Promise<string | undefined> =>
      (await engine.findByPrefix(MAINTAINER, prefixed(prefix)))?.key
    expect(await newest('a-')).toBe('a-2')
    expect(await newest('a')).toBe('a%')
    expect(await newest('a-1')).toBe('a-1')
    expect(await newest('')).toBe('A-9')
    expect(await newest('%')).toBeUndefined()
    expect(await newest('b-12')).toBeUndefined()
    expect(await engine.findByPrefix(writerOf(PULL), prefixed('a'))).toEqual(pull)
    expect((await engine.findByPrefix(writerOf(PULL), prefixed('b')))?.key).toBe('b-1')
  })

  test('lists newest first, in pages, what the caller may see', async () => {
    const { engine } = await openTestEngine(await maker.open())
    const blob = sampleBlob()
    for (const [index, scope] of [MAIN, PULL, MAIN, BRANCH, MAIN, PULL].entries()) {
      await save(engine, writerOf(scope), { key: `k${index}`, blob })
    }
    await save(engine, MAINTAINER, { key: 'other', blob, namespace: 'actions:1' })

    const keys = async (...args: Parameters<typeof engine.list>): Promise<readonly string[]> =>
      (await engine.list(...args)).map(({ key }) => key)
    expect(await keys(MAINTAINER, { limit: 10 })).toEqual(['other', 'k4', 'k2', 'k0'])
    expect(await keys(writerOf(PULL), { limit: 2 })).toEqual(['other', 'k5'])
    expect(await keys(ADMIN, { limit: 10 })).toEqual(['other', 'k5', 'k4', 'k3', 'k2', 'k1', 'k0'])
    expect(await keys(ADMIN, { limit: 10, namespace: 'task:test', keyPrefix: 'k3' })).toEqual([
      'k3',
    ])

    const pages: string[] = []
    let after: string | undefined
    do {
      const page = await engine.list(writerOf(PULL), { limit: 2, after, namespace: 'task:test' })
      pages.push(...page.map(({ key }) => key))
      after = page.at(-1)?.id
    } while (after !== undefined)
    expect(pages).toEqual(['k5', 'k4', 'k2', 'k1', 'k0'])
  })

  test('tenants see nothing of each other', async () => {
    const { engine, opened } = await openTestEngine(await maker.open())
    await addTenant(opened.database, 'other')
    const blob = sampleBlob('common content')
    const entry = await save(engine, ADMIN, { key: 'k', blob })

    expect(await engine.find(STRANGER, place('k'))).toBeUndefined()
    expect(await engine.findByPrefix(STRANGER, prefixed(''))).toBeUndefined()
    expect(await engine.list(STRANGER, { limit: 10 })).toEqual([])
    expect(await engine.show(STRANGER, entry.id)).toBeUndefined()
    expect(await engine.why(STRANGER, entry.id)).toBeUndefined()
    expect(await engine.remove(STRANGER, entry.id)).toBe(false)
    expect(await engine.invalidate(STRANGER, {})).toBe(0)
    await expect(engine.quarantine(STRANGER, entry.id, 'mine now')).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
    // Not even whether the bytes are there.
    expect(await engine.findMissing(STRANGER, [blob.name])).toEqual([blob.name])
    expect(await engine.headBlob(STRANGER, blob.name)).toBeUndefined()
    expect(await engine.openBlob(STRANGER, blob.name)).toBeUndefined()
    expect(await engine.planUploads(STRANGER, [blob])).toHaveLength(1)
    expect(await engine.publish(STRANGER, draftOf('k', [blob]))).toMatchObject({
      kind: 'blobs-missing',
    })
    expect(await send(engine, STRANGER, blob)).toBe(true)
    expect(await engine.stats(STRANGER)).toMatchObject({ entries: 0, hits: 0, saves: 0 })
    expect(await engine.find(ADMIN, place('k'))).toEqual(entry)
  })

  test('a tenant that is not there is refused', async () => {
    const { engine } = await openTestEngine(await maker.open())

    await expect(send(engine, STRANGER, sampleBlob())).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('refuses an entry that one of the databases could not keep', async () => {
    const { engine } = await openTestEngine(await maker.open())
    const faults = [
      { key: '' },
      { key: 'k'.repeat(513) },
      { key: 'a\nb' },
      { key: 'ends ranges \u{10FFFF}' },
      { key: 'half a character \uD800' },
      { namespace: 'task:\0' },
      { details: { text: 'x'.repeat(16_384) } },
      { sizeBytes: 0.5 },
      { durationMs: -1 },
    ]

    for (const fault of faults) {
      const publishing = engine.publish(MAINTAINER, draftOf('k', [], fault))
      await expect(publishing).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
    }
  })

  test('looks for any text without complaint', async () => {
    const { engine } = await openTestEngine(await maker.open())

    for (const key of ['\0', '\uD800', "'; drop table entries --", 'x'.repeat(10_000)]) {
      expect(await engine.find(MAINTAINER, place(key))).toBeUndefined()
      expect(await engine.findByPrefix(MAINTAINER, prefixed(key))).toBeUndefined()
    }
  })

  test('removes and invalidates, and a key may be written again then', async () => {
    const { engine } = await openTestEngine(await maker.open())
    const first = await save(engine, MAINTAINER, { key: 'a' })
    for (const key of ['a1', 'a2', 'b1']) await save(engine, writerOf(PULL), { key })

    expect(await engine.remove(ADMIN, first.id)).toBe(true)
    expect(await engine.remove(ADMIN, first.id)).toBe(false)
    expect(await engine.show(ADMIN, first.id)).toBeUndefined()
    await save(engine, MAINTAINER, { key: 'a' })
    expect(await engine.invalidate(ADMIN, { namespace: 'task:none' })).toBe(0)
    expect(await engine.invalidate(ADMIN, { keyPrefix: 'a' })).toBe(3)
    expect((await engine.list(ADMIN, { limit: 9 })).map(({ key }) => key)).toEqual(['b1'])
  })

  test('counts uses without writing at once, and loses none that was written down', async () => {
    const { engine, opened, advance, now } = await openTestEngine(await maker.open())
    const entry = await save(engine, MAINTAINER, { key: 'k', durationMs: 500 })
    advance(60_000)

    for (let use = 0; use < 3; use += 1) await engine.find(MAINTAINER, place('k'))
    await engine.find(MAINTAINER, place('none'))
    const before = await engine.show(MAINTAINER, entry.id)
    await engine.flush()

    expect(before).toMatchObject({ hits: 0, accessedAtMs: entry.accessedAtMs })
    expect(await engine.show(MAINTAINER, entry.id)).toMatchObject({ hits: 3, accessedAtMs: now() })
    expect(await engine.stats(MAINTAINER)).toMatchObject({
      entries: 1,
      hits: 3,
      misses: 1,
      saves: 1,
      savedMs: 1_500,
    })
    await opened.database.selectFrom('scopes').select('hits').execute()
  })

  test('every change has its line in the chained log', async () => {
    const { engine, opened } = await openTestEngine(await maker.open())
    const entry = await save(engine, MAINTAINER, { key: 'k' })
    await engine.remove(ADMIN, entry.id)
    const again = await save(engine, MAINTAINER, { key: 'k' })
    await engine.quarantine(ADMIN, again.id, 'a "bad" one')

    const lines = await readAudit(opened.database)

    const kinds = lines.map((line) => /\] (\w+ \w+)/.exec(line)?.[1])
    expect(kinds).toEqual([
      'SAVE publish',
      'INVALIDATE remove',
      'SAVE publish',
      'QUARANTINE request',
      'QUARANTINE entries',
    ])
    expect(lines[0]).toContain(`entry=${entry.id}`)
    expect(await verifyAudit(opened.database, 'default')).toEqual({ lines: 5, brokenAt: undefined })
  })
})

const prefixed = (prefix: string): { namespace: string; prefix: string } => ({
  namespace: 'task:test',
  prefix,
})

async function* streamOfNothing(): AsyncGenerator<Uint8Array> {
  // Nothing.
}

type TestDatabase = Awaited<ReturnType<typeof openTestEngine>>['opened']['database']

async function readAudit(database: TestDatabase): Promise<readonly string[]> {
  const rows = await database.selectFrom('audit_lines').select('line').orderBy('number').execute()
  return rows.map(({ line }) => line)
}
