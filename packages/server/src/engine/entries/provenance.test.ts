import { asyncProperty, array, assert, nat, tuple } from 'fast-check'
import { expect, test } from 'vitest'
import { describeDatabases } from '../../testing/temporary-database.ts'
import { DEFAULT_TIMES } from '../engine-options.ts'
import type { Provenance, StoredEntry } from '../engine.ts'
import { openTestEngine } from '../testing/open-engine.ts'
import type { TestEngine } from '../testing/open-engine.ts'
import {
  ADMIN,
  MAINTAINER,
  PULL,
  addSession,
  draftOf,
  entryOf,
  place,
  sampleBlob,
  save,
  send,
  writerOf,
} from '../testing/sample-entries.ts'

describeDatabases((maker) => {
  const open = async (): Promise<TestEngine> => await openTestEngine(await maker.open())

  test('an entry names what its job had restored, by key or by prefix', async () => {
    const held = await open()
    const { engine, opened } = held
    const a = await job(held, { restores: [], saves: 'a' })
    const b = await job(held, { restores: ['none'], saves: 'b' })

    const who = await addSession(opened.database, writerOf(PULL))
    await engine.find(who, place('a'))
    await engine.findByPrefix(who, { namespace: 'task:test', prefix: 'b' })
    await engine.find(who, place('a'))
    const made = await save(engine, who, { key: 'c' })

    expect(made.restored).toEqual([a.id, b.id].toSorted())
    expect((await engine.find(MAINTAINER, place('b')))?.restored).toEqual([])
  })

  test('why tells where an entry comes from, to the beginning', async () => {
    const held = await open()
    await job(held, { restores: [], saves: 'a' })
    await job(held, { restores: ['a'], saves: 'b' })
    await job(held, { restores: ['a', 'b'], saves: 'c' })
    const d = await job(held, { restores: ['b', 'c'], saves: 'd' })

    const told = await held.engine.why(MAINTAINER, d.id)

    expect(keysOf(told!)).toEqual(['d', ['b', ['a']], ['c', ['a'], ['b']]])
    expect(await held.engine.why(MAINTAINER, 'nothing')).toBeUndefined()
  })

  test('quarantine takes all that came of an entry, and nothing else', async () => {
    const held = await open()
    const { engine } = held
    await job(held, { restores: [], saves: 'clean' })
    const bad = await job(held, { restores: ['clean'], saves: 'bad' })
    await job(held, { restores: ['bad'], saves: 'child' })
    await job(held, { restores: ['clean'], saves: 'sibling' })
    await job(held, { restores: ['child', 'sibling'], saves: 'grandchild' })

    const ids = await engine.quarantine(ADMIN, bad.id, 'it came from a stolen key')

    const listed = await engine.list(ADMIN, { limit: 9 })
    const quarantined = listed.filter(({ isQuarantined }) => isQuarantined)
    expect(quarantined.map(({ key }) => key).toSorted()).toEqual(['bad', 'child', 'grandchild'])
    expect(quarantined.map(({ id }) => id).toSorted()).toEqual([...ids].toSorted())
    for (const key of ['bad', 'child', 'grandchild']) {
      expect(await engine.find(MAINTAINER, place(key))).toBeUndefined()
    }
    expect(await engine.find(MAINTAINER, place('sibling'))).toBeDefined()
    expect(await engine.quarantine(ADMIN, bad.id, 'again')).toEqual([])
    // Its key may be written again, by work that is clean.
    await job(held, { restores: ['clean'], saves: 'bad' })
    expect(await engine.find(MAINTAINER, place('bad'))).toBeDefined()
  })

  test('what came of an entry that is gone is still known to have', async () => {
    const held = await open()
    const { engine, advance } = held
    const bad = await job(held, { restores: [], saves: 'bad' })
    const middle = await job(held, { restores: ['bad'], saves: 'middle' })
    await job(held, { restores: ['middle'], saves: 'end' })
    await engine.remove(ADMIN, bad.id)
    await engine.remove(ADMIN, middle.id)
    advance(365 * 86_400_000)
    await engine.collect()

    await engine.quarantine(ADMIN, bad.id, 'found out late')

    expect(await engine.find(MAINTAINER, place('end'))).toBeUndefined()
  })

  test('what is published after its origin was quarantined is quarantined at once', async () => {
    const held = await open()
    const { engine, opened } = held
    const bad = await job(held, { restores: [], saves: 'bad' })
    const who = await addSession(opened.database, MAINTAINER)
    await engine.find(who, place('bad'))

    await engine.quarantine(ADMIN, bad.id, 'while the job runs')
    const made = await save(engine, who, { key: 'made' })

    expect(made.isQuarantined).toBe(true)
    expect(await engine.find(MAINTAINER, place('made'))).toBeUndefined()
  })

  test('so it is when its origin was removed after that', async () => {
    const held = await open()
    const { engine, opened, advance } = held
    const bad = await job(held, { restores: [], saves: 'bad' })
    const who = await addSession(opened.database, MAINTAINER)
    await engine.find(who, place('bad'))
    await engine.quarantine(ADMIN, bad.id, 'while the job runs')

    await engine.remove(ADMIN, bad.id)
    await engine.collect()
    const made = await save(engine, who, { key: 'made' })

    expect(made.isQuarantined).toBe(true)
    expect(await engine.quarantine(ADMIN, bad.id, 'once more')).toEqual([])
    await engine.remove(ADMIN, made.id)
    advance(DEFAULT_TIMES.quarantinedMs)
    await engine.collect()
    expect(await opened.database.selectFrom('entries').select('id').execute()).toEqual([])
  })

  test('neither does quarantine miss what is published at the same moment', async () => {
    const held = await open()
    const { engine, opened } = held
    const bad = await job(held, { restores: [], saves: 'bad' })
    const blob = sampleBlob()
    await send(engine, MAINTAINER, blob)
    const jobs = await Promise.all(
      Array.from({ length: 10 }, async () => await addSession(opened.database, MAINTAINER)),
    )
    for (const who of jobs) await engine.find(who, place('bad'))

    await Promise.all([
      ...jobs.map(async (who, index) => {
        entryOf(await engine.publish(who, draftOf(`made${index}`, [blob])))
      }),
      engine.quarantine(ADMIN, bad.id, 'now'),
    ])

    const live = (await engine.list(ADMIN, { limit: 99 })).filter((entry) => !entry.isQuarantined)
    expect(live).toEqual([])
  })

  test('a session that is over publishes nothing, and may have been forgotten', async () => {
    const { engine, opened, now } = await openTestEngine(await maker.open())
    await save(engine, MAINTAINER, { key: 'a' })
    const session = await addSession(opened.database, MAINTAINER)
    const over = { ...session, expiresAtMs: now() }
    await opened.database.deleteFrom('sessions').execute()

    expect(await engine.find(over, place('a'))).toBeDefined()
    await expect(engine.publish(over, draftOf('b', []))).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    })
  })

  test('in any history, quarantine takes exactly the descendants', async () => {
    const held = await open()
    let round = 0
    const parents = array(array(nat(), { maxLength: 3 }), { minLength: 2, maxLength: 9 })

    await assert(
      asyncProperty(tuple(parents, nat()), async ([history, pick]) => {
        round += 1
        const made: StoredEntry[] = []
        const descends: Set<number>[] = []
        for (const [index, picks] of history.entries()) {
          const from = index === 0 ? [] : [...new Set(picks.map((each) => each % index))]
          const restores = from.map((each) => made[each]!.key)
          made.push(await job(held, { restores, saves: `r${round}-${index}` }))
          descends.push(new Set([index, ...from.flatMap((each) => [...descends[each]!])]))
        }
        const chosen = pick % history.length

        const ids = await held.engine.quarantine(ADMIN, made[chosen]!.id, 'chosen')

        const expected = made.filter((_, index) => descends[index]!.has(chosen))
        expect([...ids].toSorted()).toEqual(expected.map(({ id }) => id).toSorted())
      }),
      { numRuns: 12 },
    )
  })
})

type Keys = readonly (string | Keys)[]

function keysOf({ entry, restored }: Provenance): Keys {
  const sorted = restored.toSorted((left, right) => (left.entry.key < right.entry.key ? -1 : 1))
  return [entry.key, ...sorted.map(keysOf)]
}

/** A job that restores these keys, and saves one. */
async function job(
  { engine, opened }: TestEngine,
  { restores, saves }: { readonly restores: readonly string[]; readonly saves: string },
): Promise<StoredEntry> {
  const who = await addSession(opened.database, MAINTAINER)
  for (const key of restores) await engine.find(who, place(key))
  return await save(engine, who, { key: saves })
}
