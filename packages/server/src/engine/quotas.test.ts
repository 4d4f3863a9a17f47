import { isTaskVaultError } from '@taskvault/core'
import { expect, test } from 'vitest'
import { describeDatabases } from '../testing/temporary-database.ts'
import { openTestEngine } from './testing/open-engine.ts'
import type { TestEngine } from './testing/open-engine.ts'
import {
  ADMIN,
  BRANCH,
  MAIN,
  MAINTAINER,
  OTHER_PULL,
  PULL,
  draftOf,
  place,
  sampleBlob,
  save,
  send,
  writerOf,
} from './testing/sample-entries.ts'

const KEYS = ['k0', 'k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7', 'k8', 'k9'] as const

describeDatabases((maker) => {
  const open = async (limits: { scopeBytes?: number; tenantBytes?: number }): Promise<TestEngine> =>
    await openTestEngine(await maker.open(), { limits })

  test.each([
    ['lru', ['k7', 'k0', 'k1']],
    ['lfu', ['k7', 'k0', 'k1']],
    ['fifo', ['k7', 'k0', 'k1']],
  ] as const)(
    'lets what has expired go first, then the first by %s',
    async (strategy, expected) => {
      const held = await open({ scopeBytes: 1_000 })
      await held.opened.database.updateTable('tenants').set({ strategy }).execute()
      await fill(held)

      await send(held.engine, MAINTAINER, sampleBlob(Buffer.alloc(250, 1)))

      const left = await keysLeft(held)
      expect(KEYS.filter((key) => !left.includes(key))).toEqual([...expected].toSorted())
      expect(await held.engine.stats(ADMIN)).toMatchObject({ evictions: 3, storedBytes: 950 })
    },
  )

  test.each([
    ['lru', 'k3'],
    ['lfu', 'k5'],
    ['fifo', 'k9'],
  ] as const)('by %s, %s is the last to go', async (strategy, last) => {
    const held = await open({ scopeBytes: 1_000 })
    await held.opened.database.updateTable('tenants').set({ strategy }).execute()
    await fill(held)

    await send(held.engine, MAINTAINER, sampleBlob(Buffer.alloc(850, 1)))

    expect(await keysLeft(held)).toEqual([last])
  })

  test('refuses what alone is too large, and lets nothing go for it', async () => {
    const held = await open({ scopeBytes: 1_000 })
    await fill(held)

    const sending = send(held.engine, MAINTAINER, sampleBlob(Buffer.alloc(1_001)))

    await expect(sending).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' })
    expect(await keysLeft(held)).toEqual([...KEYS])
  })

  test('lets nothing go for what alone is too large for the tenant', async () => {
    const held = await open({ scopeBytes: 5_000, tenantBytes: 1_500 })
    await fill(held)

    const sending = send(held.engine, MAINTAINER, sampleBlob(Buffer.alloc(1_501)))

    await expect(sending).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' })
    expect(await keysLeft(held)).toEqual([...KEYS])
  })

  test('what is sent and not published counts, and is never evicted', async () => {
    const { engine } = await open({ scopeBytes: 250 })
    await send(engine, MAINTAINER, sampleBlob())
    await send(engine, MAINTAINER, sampleBlob())

    await expect(send(engine, MAINTAINER, sampleBlob())).rejects.toMatchObject({
      code: 'QUOTA_EXCEEDED',
    })
    expect(await engine.stats(MAINTAINER)).toMatchObject({ storedBytes: 200 })
  })

  test('bytes without a name are counted before they are written down', async () => {
    const { engine } = await open({ scopeBytes: 1_000 })
    const gate = Promise.withResolvers<void>()
    let read = 0
    async function* slow(): AsyncGenerator<Uint8Array> {
      const number = (read += 1)
      await gate.promise
      yield Buffer.alloc(400, number)
    }

    const sending = Array.from({ length: 4 }, () => engine.storeUnnamed(MAINTAINER, slow(), 400))
    const refused = Promise.withResolvers<void>()
    const codes: unknown[] = []
    for (const each of sending) {
      each.catch((error: unknown) => {
        codes.push(isTaskVaultError(error) ? error.code : error)
        if (codes.length === 2) refused.resolve()
      })
    }
    await refused.promise
    gate.resolve()
    const outcomes = await Promise.allSettled(sending)

    expect(codes).toEqual(['QUOTA_EXCEEDED', 'QUOTA_EXCEEDED'])
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
    expect(read).toBe(2)
    expect(await engine.stats(MAINTAINER)).toMatchObject({ storedBytes: 800 })
  })

  test('what counts no more is not kept by asking for it', async () => {
    const { engine, advance, now } = await open({ scopeBytes: 150 })
    const blob = sampleBlob()
    await save(engine, MAINTAINER, { key: 'short', blob, expiresAtMs: now() + 1_000 })
    advance(2_000)
    await engine.collect()
    expect(await engine.findMissing(MAINTAINER, [blob.name])).toEqual([])
    await save(engine, MAINTAINER, { key: 'another' })

    for (let hours = 0; hours < 3; hours += 1) {
      advance(3_600_000)
      await engine.findMissing(MAINTAINER, [blob.name])
      await engine.headBlob(MAINTAINER, blob.name)
      await engine.collect()
    }

    expect(await engine.findMissing(MAINTAINER, [blob.name])).toEqual([blob.name])
  })

  test('many who send at once get no further than the limit', async () => {
    const { engine } = await open({ scopeBytes: 1_000 })

    const outcomes = await Promise.allSettled(
      Array.from({ length: 30 }, async () => await send(engine, MAINTAINER, sampleBlob())),
    )

    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10)
    expect(await engine.stats(MAINTAINER)).toMatchObject({ storedBytes: 1_000 })
  })

  test('a flood from pull requests evicts none of what is protected', async () => {
    const held = await open({ scopeBytes: 1_000, tenantBytes: 1_500 })
    const { engine } = held
    for (const key of ['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7']) {
      await save(engine, MAINTAINER, { key })
    }

    const refused: unknown[] = []
    for (let round = 0; round < 20; round += 1) {
      for (const scope of [PULL, OTHER_PULL]) {
        await save(engine, writerOf(scope), { key: `p${round}` }).catch((error: unknown) => {
          refused.push(error)
        })
      }
    }

    const left = await keysLeft(held)
    expect(left.filter((key) => key.startsWith('m'))).toHaveLength(8)
    expect(refused).toEqual([])
    const { storedBytes } = await engine.stats(ADMIN)
    expect(storedBytes).toBeLessThanOrEqual(1_500)
  })

  test('a scope that finds no room below itself is refused', async () => {
    const held = await open({ scopeBytes: 1_000, tenantBytes: 1_000 })
    const { engine } = held
    for (let index = 0; index < 10; index += 1) await save(engine, MAINTAINER, { key: `m${index}` })

    await expect(save(engine, writerOf(BRANCH), { key: 'b' })).rejects.toMatchObject({
      code: 'QUOTA_EXCEEDED',
    })
    expect(await keysLeft(held)).toHaveLength(10)
  })

  test('what is protected takes its room from the least trusted first', async () => {
    const held = await open({ scopeBytes: 1_000, tenantBytes: 600 })
    const { engine } = held
    for (const [scope, name] of [
      [PULL, 'pull'],
      [BRANCH, 'branch'],
      [MAIN, 'main'],
    ] as const) {
      for (const index of [0, 1]) await save(engine, writerOf(scope), { key: `${name}${index}` })
    }

    for (const key of ['new0', 'new1', 'new2']) await save(engine, MAINTAINER, { key })

    const left = await keysLeft(held)
    expect(left).toEqual(expect.arrayContaining(['main0', 'main1', 'new0', 'new1', 'new2']))
    expect(left.filter((key) => key.startsWith('pull'))).toEqual([])
  })

  test('what a pull request has sent and not published costs no protected entry', async () => {
    const held = await open({ scopeBytes: 1_000, tenantBytes: 1_000 })
    const { engine } = held
    for (const key of ['m0', 'm1']) await save(engine, MAINTAINER, { key })
    const sent = Array.from({ length: 8 }, () => sampleBlob())
    for (const blob of sent) await send(engine, writerOf(PULL), blob)

    await save(engine, MAINTAINER, { key: 'new' })

    expect(await keysLeft(held)).toEqual(['m0', 'm1', 'new'])
    expect(await engine.findMissing(writerOf(PULL), [sent[0]!.name])).toEqual([])
    expect(await engine.publish(writerOf(PULL), draftOf('p', sent))).toMatchObject({
      kind: 'published',
    })
    await save(engine, MAINTAINER, { key: 'newer' })
    expect(await keysLeft(held)).toEqual(['m0', 'm1', 'new', 'newer'])
  })

  test('what a pull request has only announced costs no protected entry', async () => {
    const held = await open({ scopeBytes: 1_000, tenantBytes: 1_000 })
    const { engine } = held
    for (const key of ['m0', 'm1']) await save(engine, MAINTAINER, { key })
    const slow = sampleBlob(Buffer.alloc(800, 1))
    const gate = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const sending = engine.storeBlob(
      writerOf(PULL),
      slow,
      (async function* () {
        begun.resolve()
        await gate.promise
        yield slow.content
      })(),
    )
    await begun.promise

    await save(engine, MAINTAINER, { key: 'new' })
    gate.resolve()

    await expect(sending).rejects.toMatchObject({ code: 'REMOTE_UNAVAILABLE' })
    expect(await keysLeft(held)).toEqual(['m0', 'm1', 'new'])
    expect(await send(engine, writerOf(PULL), sampleBlob())).toBe(true)
  })

  test('entries of a less trusted scope do not make a more trusted one fuller', async () => {
    const held = await open({ scopeBytes: 1_000 })
    const { engine } = held
    const blobs = Array.from({ length: 9 }, () => sampleBlob())
    for (const [index, blob] of blobs.entries()) {
      await save(engine, MAINTAINER, { key: `m${index}`, blob })
    }
    // A pull request clings to everything that is protected.
    await engine.publish(writerOf(PULL), draftOf('greedy', blobs))

    for (const key of ['n0', 'n1', 'n2']) await save(engine, MAINTAINER, { key })

    const left = await keysLeft(held)
    expect(left).toEqual(['greedy', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7', 'm8', 'n0', 'n1', 'n2'])
  })

  test('an entry that shares its blobs frees nothing, and eviction goes on', async () => {
    const { engine } = await open({ scopeBytes: 300 })
    const shared = sampleBlob(Buffer.alloc(200, 5))
    for (const key of ['a', 'b', 'c']) await save(engine, MAINTAINER, { key, blob: shared })

    await send(engine, MAINTAINER, sampleBlob(Buffer.alloc(150, 6)))

    expect(await engine.stats(MAINTAINER)).toMatchObject({ entries: 0, storedBytes: 150 })
  })
})

/** Ten entries of 100 bytes; k3 used last, k5 used most, k7 expired. */
async function fill({ engine, advance, now }: TestEngine): Promise<void> {
  for (const key of KEYS) {
    const expiresAtMs = key === 'k7' ? now() + 50 : undefined
    await save(engine, MAINTAINER, { key, expiresAtMs })
    advance(1)
  }
  for (const key of [...KEYS.filter((each) => each !== 'k0'), 'k5', 'k5', 'k3']) {
    await engine.find(MAINTAINER, place(key))
    await engine.flush()
    advance(1)
  }
  advance(100)
}

async function keysLeft({ engine }: TestEngine): Promise<readonly string[]> {
  return (await engine.list(ADMIN, { limit: 100 })).map(({ key }) => key).toSorted()
}
