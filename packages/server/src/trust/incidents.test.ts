import { randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import type { TestEngine } from '../engine/testing/open-engine.ts'
import {
  MAINTAINER,
  addSession,
  place,
  readBlob,
  sampleBlob,
  save,
} from '../engine/testing/sample-entries.ts'
import { createAuthenticator } from './authenticator.ts'
import type { Claims } from './model/claims.ts'
import type { Principal } from './principal.ts'
import { NO_ISSUERS } from './testing/no-issuers.ts'
import { githubClaims, githubPullRequest, issuerOf } from './testing/sample-claims.ts'
import { openSqliteEngine } from './testing/scope-matrix.ts'
import { startTokenIssuer } from './testing/token-issuer.ts'
import { bearer, refusalOf } from './testing/trust-scene.ts'

const TAG = { ref: 'refs/tags/v2.3.0', ref_type: 'tag', ref_protected: 'true' }

interface Repository extends TestEngine {
  /** Whom the server takes a job with these claims for, by its token. */
  job(claims: Claims): Promise<Principal>
}

test('T2, TanStack: what pull_request_target would put into the store of packages never reaches a release', async () => {
  const { engine, job } = await openRepository()
  const key = 'pnpm-store-linux-8f3a'

  const attacker = await job(githubClaims({ event_name: 'pull_request_target', base_ref: 'main' }))
  const poisoned = await refusalOf(save(engine, attacker, { key, blob: sampleBlob('poisoned') }))
  const main = await job(githubClaims())
  const before = await engine.find(main, place(key))
  await save(engine, main, { key, blob: sampleBlob('good') })
  const release = await job(githubClaims({ event_name: 'release', ...TAG, environment: 'npm' }))

  expect(poisoned).toBe('FORBIDDEN')
  expect(before).toBeUndefined()
  expect(await engine.find(release, place(key))).toBeUndefined()
  expect(await readBlob(engine, release, sampleBlob('good'))).toBeUndefined()
  expect(await readBlob(engine, main, sampleBlob('good'))).toEqual(Buffer.from('good'))
})

test('the replay of TanStack is red on a server that trusts the event', async () => {
  const { engine, job } = await openRepository()
  const key = 'pnpm-store-linux-8f3a'

  const attacker = await job(githubClaims({ event_name: 'push' }))
  await save(engine, attacker, { key, blob: sampleBlob('poisoned') })
  const main = await job(githubClaims())

  expect(await engine.find(main, place(key))).toBeDefined()
})

test('T2, Cline: who may only write an issue floods no cache, and a nightly release restores nothing of it', async () => {
  const { engine, job } = await openRepository({ scopeBytes: 10_000, tenantBytes: 20_000 })
  const key = 'node-modules-4bd1'
  const main = await job(githubClaims())
  const good = await save(engine, main, { key, blob: sampleBlob(randomBytes(8000)) })

  const triage = await job(githubClaims({ event_name: 'issues' }))
  const floods = await Promise.all(
    Array.from(
      { length: 30 },
      async (_, index) =>
        await refusalOf(
          save(engine, triage, { key: `flood-${index}`, blob: sampleBlob(randomBytes(1000)) }),
        ),
    ),
  )
  const nightly = await job(githubClaims({ event_name: 'schedule', environment: 'marketplace' }))

  expect(new Set(floods)).toEqual(new Set(['FORBIDDEN']))
  expect(await engine.find(main, place(key))).toMatchObject({ id: good.id })
  expect(await engine.find(nightly, place(key))).toBeUndefined()
})

test('a pull request that writes three times its quota evicts its own entries, and no other', async () => {
  const { engine, job } = await openRepository({ scopeBytes: 10_000, tenantBytes: 25_000 })
  const main = await job(githubClaims())
  for (const key of ['a', 'b', 'c', 'd']) {
    await save(engine, main, { key, blob: sampleBlob(randomBytes(2000)) })
  }

  for (let pull = 1; pull <= 4; pull += 1) {
    const who = await job(githubPullRequest({ ref: `refs/pull/${pull}/merge` }))
    for (let count = 0; count < 30; count += 1) {
      await save(engine, who, { key: `k${count}`, blob: sampleBlob(randomBytes(1000)) })
    }
  }

  const left = await Promise.all(
    ['a', 'b', 'c', 'd'].map(async (key) => await engine.find(main, place(key))),
  )
  expect(left).not.toContain(undefined)
})

test('the same flood evicts them where it writes into the same scope', async () => {
  const { engine, job } = await openRepository({ scopeBytes: 10_000, tenantBytes: 25_000 })
  const main = await job(githubClaims())
  await save(engine, main, { key: 'a', blob: sampleBlob(randomBytes(2000)) })

  for (let count = 0; count < 30; count += 1) {
    await save(engine, main, { key: `k${count}`, blob: sampleBlob(randomBytes(1000)) })
  }

  expect(await engine.find(main, place('a'))).toBeUndefined()
})

test('a key that a pull request has taken first is free where it matters, and read by nobody else', async () => {
  const { engine, job } = await openRepository()
  const pull = await job(githubPullRequest())
  const main = await job(githubClaims())
  const other = await job(githubPullRequest({ ref: 'refs/pull/18/merge' }))

  const squatter = await save(engine, pull, { key: 'k', blob: sampleBlob('squatted') })
  const own = await save(engine, main, { key: 'k', blob: sampleBlob('own') })

  expect(await engine.find(main, place('k'))).toMatchObject({ id: own.id })
  expect(await engine.find(other, place('k'))).toMatchObject({ id: own.id })
  expect(await engine.find(pull, place('k'))).toMatchObject({ id: squatter.id })
})

test('nobody but an administrator removes an entry, so that none is removed to be replaced', async () => {
  const { engine, job } = await openRepository()
  const main = await job(githubClaims())
  const { id } = await save(engine, main, { key: 'k' })

  const refusals = await Promise.all(
    [
      engine.remove(main, id),
      engine.invalidate(main, { namespace: 'task:test' }),
      engine.quarantine(main, id, 'mine'),
    ].map(refusalOf),
  )

  expect(refusals).toEqual(['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN'])
})

/** Entries in the order of their making, each with those before it that its job had restored. */
const HISTORIES = fc
  .array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 14 })
  .map((wishes) =>
    wishes.map((wish, index) =>
      [...new Set(wish.map((each) => each % Math.max(index, 1)))].filter((each) => each < index),
    ),
  )

test('quarantine takes all that descends from an entry, and nothing else, whatever the history', async () => {
  const { engine, opened } = await openSqliteEngine()
  const admin: Principal = { ...MAINTAINER, role: 'admin' }
  let run = 0

  await fc.assert(
    fc.asyncProperty(HISTORIES, fc.nat(), async (history, chosen) => {
      run += 1
      const ids: string[] = []
      for (const [index, restored] of history.entries()) {
        const job = await addSession(opened.database, MAINTAINER)
        for (const each of restored) await engine.find(job, place(`${run}-${each}`))
        ids.push((await save(engine, job, { key: `${run}-${index}` })).id)
      }
      const root = chosen % history.length

      const taken = await engine.quarantine(admin, ids[root] ?? '', 'it was poisoned')

      const expected = descendantsOf(root, history).map((index) => ids[index] ?? '')
      expect(new Set(taken)).toEqual(new Set(expected))
      for (const [index] of history.entries()) {
        const found = await engine.find(MAINTAINER, place(`${run}-${index}`))
        expect(found === undefined).toBe(expected.includes(ids[index] ?? ''))
      }
    }),
    { numRuns: 25 },
  )
})

/** The entry itself, and all that were made by jobs that had restored one of these. */
function descendantsOf(root: number, history: readonly (readonly number[])[]): readonly number[] {
  const tainted = new Set([root])
  // In the order of their making: whatever came before has been decided.
  for (const [index, restored] of history.entries()) {
    if (restored.some((each) => tainted.has(each))) tainted.add(index)
  }
  return [...tainted]
}

async function openRepository(
  limits: Parameters<typeof openSqliteEngine>[0] = {},
): Promise<Repository> {
  const held = await openSqliteEngine(limits)
  const own = issuerOf('github')
  const issuer = await startTokenIssuer({
    now: held.now,
    defaults: { iss: own.issuer, aud: own.audience },
  })
  onTestFinished(async () => await issuer[Symbol.asyncDispose]())
  const settings = { ...NO_ISSUERS, issuers: [issuerOf('github', { jwksUrl: issuer.jwksUrl })] }
  const { database } = held.opened
  const authenticator = createAuthenticator({ database, settings, now: held.now })
  return {
    ...held,
    job: async (claims) => {
      const session = await authenticator.openSession(bearer(await issuer.sign(claims)))
      return await authenticator.authenticate(bearer(session.token))
    },
  }
}
