import {
  ADMIN,
  MAIN,
  MAINTAINER,
  PULL,
  STRANGER,
  addSession,
  addTenant,
  draftOf,
  place,
  readBlob,
  sampleBlob,
  save,
  send,
  streamOf,
  verifyAudit,
  writerOf,
} from './engine-parts.ts'
import { openParts } from './open-parts.ts'
import type { OpenParts } from './open-parts.ts'

/** An attack, or a mishap: what came of it, which is `HOLDS` as long as the defence stands. */
export type Defence = (parts: OpenParts) => Promise<string>

export const HOLDS = 'holds'

const DAY_MS = 86_400_000

export const DEFENCES: Readonly<Record<string, Defence>> = {
  async scopes({ engine }) {
    await save(engine, writerOf(PULL), { key: 'k' })
    const found = await engine.find(MAINTAINER, place('k'))
    return found === undefined ? HOLDS : 'main restored what a pull request had saved'
  },

  async 'less trusted scopes'({ engine }) {
    await save(engine, writerOf(PULL), { key: 'k' })
    const confused = writerOf(MAIN, { reads: [MAIN, PULL] })
    const found = await engine.find(confused, place('k'))
    return found === undefined ? HOLDS : 'a writer of main restored from a less trusted scope'
  },

  async tenants({ engine, opened }) {
    await addTenant(opened.database, 'other')
    await save(engine, MAINTAINER, { key: 'k' })
    const found = await engine.find(STRANGER, place('k'))
    return found === undefined ? HOLDS : 'another tenant found the entry'
  },

  async 'blobs of tenants'({ engine, opened }) {
    await addTenant(opened.database, 'other')
    const blob = sampleBlob()
    await send(engine, MAINTAINER, blob)
    const missing = await engine.findMissing(STRANGER, [blob.name])
    return missing.length === 1 ? HOLDS : 'another tenant learned that the blob is there'
  },

  async 'write-once'({ engine }) {
    const blobs = Array.from({ length: 64 }, (_, index) => sampleBlob(`content ${index}`))
    for (const blob of blobs) await send(engine, MAINTAINER, blob)
    const outcomes = await Promise.allSettled(
      blobs.map(async (blob) => await engine.publish(MAINTAINER, draftOf('k', [blob]))),
    )
    const winners = outcomes.filter(
      (outcome) => outcome.status === 'fulfilled' && outcome.value.kind === 'published',
    )
    return winners.length === 1 ? HOLDS : `${winners.length} writers won`
  },

  async 'publish needs blobs'({ engine }) {
    const publication = await engine.publish(MAINTAINER, draftOf('k', [sampleBlob()]))
    return publication.kind === 'blobs-missing' ? HOLDS : 'an entry without its blobs was published'
  },

  async 'verified uploads'({ engine }) {
    const blob = sampleBlob(Buffer.alloc(1_000, 1))
    const outcome = await engine.storeBlob(MAINTAINER, blob, streamOf(Buffer.alloc(1_000, 2))).then(
      () => 'stored',
      (error: unknown) => (error as { code?: string }).code,
    )
    return outcome === 'BLOB_CORRUPT' ? HOLDS : `wrong bytes: ${outcome}`
  },

  async leases({ engine, advance }) {
    const blob = sampleBlob()
    const entry = await save(engine, MAINTAINER, { key: 'k', blob })
    advance(DAY_MS)
    await engine.find(MAINTAINER, place('k'))
    await engine.remove(ADMIN, entry.id)
    await engine.collect()
    const read = await readBlob(engine, MAINTAINER, blob)
    return read?.equals(blob.content) === true ? HOLDS : 'a reader lost a blob under its hands'
  },

  async 'less trusted floods'({ engine }) {
    for (const key of ['a', 'b', 'c']) await save(engine, MAINTAINER, { key })
    for (let index = 0; index < 10; index += 1) {
      await save(engine, writerOf(PULL), { key: `p${index}` }).catch(() => {})
    }
    const { entries } = await engine.stats(MAINTAINER)
    return entries === 3 ? HOLDS : `${3 - entries} protected entries were evicted`
  },

  async taint({ engine, opened }) {
    const bad = await save(engine, MAINTAINER, { key: 'bad' })
    const job = await addSession(opened.database, MAINTAINER)
    await engine.find(job, place('bad'))
    await engine.quarantine(ADMIN, bad.id, 'found out while the job runs')
    await save(engine, job, { key: 'made' })
    const found = await engine.find(MAINTAINER, place('made'))
    return found === undefined ? HOLDS : 'what came of a quarantined entry is handed out'
  },

  async audit({ engine, opened }) {
    for (const key of ['a', 'b', 'c']) await save(engine, MAINTAINER, { key })
    const { database } = opened
    const second = database.selectFrom('audit_lines').select('line').where('number', '=', 2)
    const { line } = await second.executeTakeFirstOrThrow()
    const changed = line.replace('name=b', 'name=z')
    await database
      .updateTable('audit_lines')
      .set({ line: changed })
      .where('number', '=', 2)
      .execute()
    const { brokenAt } = await verifyAudit(opened.database, 'default')
    return brokenAt === 2 ? HOLDS : 'a line was changed, and nobody noticed'
  },
}

/** Limits small enough for a flood to reach. */
export const SMALL = { scopeBytes: 10_000, tenantBytes: 500 }

export { openParts }
