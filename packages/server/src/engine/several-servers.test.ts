import { createMemoryObjectStore } from '@taskvault/core/testing'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../database/open-database.ts'
import { describeDatabases } from '../testing/temporary-database.ts'
import { openTestEngine } from './testing/open-engine.ts'
import type { TestEngine } from './testing/open-engine.ts'
import {
  ADMIN,
  MAINTAINER,
  addSession,
  draftOf,
  entryOf,
  place,
  readBlob,
  sampleBlob,
  save,
  send,
} from './testing/sample-entries.ts'

describeDatabases((maker) => {
  /** Two servers over one database and one store of objects. */
  async function openTwo(): Promise<readonly [TestEngine, TestEngine]> {
    const url = maker.createUrl()
    const objects = createMemoryObjectStore()
    const servers: TestEngine[] = []
    for (const _ of [0, 1]) {
      const opened = await openDatabase(url)
      onTestFinished(async () => await opened[Symbol.asyncDispose]())
      servers.push(await openTestEngine(opened, { objects }))
    }
    return [servers[0]!, servers[1]!]
  }

  test('what one server was given, the other one has', async () => {
    const [{ engine: first }, { engine: second }] = await openTwo()
    const blob = sampleBlob()

    await send(first, MAINTAINER, blob)
    const entry = entryOf(await second.publish(MAINTAINER, draftOf('k', [blob])))

    expect(await first.find(MAINTAINER, place('k'))).toEqual(entry)
    expect(await readBlob(second, MAINTAINER, blob)).toEqual(blob.content)
  })

  test('of 64 writers at two servers, exactly one wins', async () => {
    const servers = await openTwo()
    const blob = sampleBlob()
    await send(servers[0].engine, MAINTAINER, blob)

    const outcomes = await Promise.all(
      Array.from({ length: 64 }, async (_, index) => {
        const { engine } = servers[index % 2]!
        const content = `content ${index}`
        return await engine.publish(MAINTAINER, draftOf('k', [blob], { content }))
      }),
    )

    expect(outcomes.filter(({ kind }) => kind === 'published')).toHaveLength(1)
    expect(outcomes.filter(({ kind }) => kind === 'known')).toHaveLength(63)
  })

  test('what a session restores from one server taints what it publishes at the other', async () => {
    const [{ engine: first, opened }, { engine: second }] = await openTwo()
    const bad = await save(first, MAINTAINER, { key: 'bad' })
    const job = await addSession(opened.database, MAINTAINER)

    await first.find(job, place('bad'))
    const made = await save(second, job, { key: 'made' })

    expect(made.restored).toEqual([bad.id])
    expect(await first.quarantine(ADMIN, bad.id, 'a test')).toContain(made.id)
    expect(await second.find(MAINTAINER, place('made'))).toBeUndefined()
  })

  test('servers that collect at the same time do each piece of work once', async () => {
    const servers = await openTwo()
    for (let index = 0; index < 20; index += 1) {
      const { engine, now } = servers[index % 2]!
      await save(engine, MAINTAINER, { key: `k${index}`, expiresAtMs: now() + 1_000 })
    }
    for (const server of servers) server.advance(2_000)

    const collected = await Promise.all(servers.map(async ({ engine }) => await engine.collect()))
    for (const server of servers) server.advance(30 * 86_400_000)
    await Promise.all(servers.map(async ({ engine }) => await engine.collect()))

    expect(collected.reduce((sum, { entries }) => sum + entries, 0)).toBeGreaterThanOrEqual(20)
    expect(await servers[0].engine.stats(ADMIN)).toMatchObject({ entries: 0, storedBytes: 0 })
    expect(await servers[0].engine.stats(ADMIN)).toMatchObject({ evictions: 20 })
  })
})
