import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../database/open-database.ts'
import { openTestEngine } from '../../engine/testing/open-engine.ts'
import { startTestServer } from '../../testing/start-test-server.ts'
import { temporarySqlite } from '../../testing/temporary-database.ts'
import { createAuthenticator } from '../../trust/authenticator.ts'
import { NO_ISSUERS } from '../../trust/testing/no-issuers.ts'
import { issuerOf } from '../../trust/testing/sample-claims.ts'
import { startTokenIssuer } from '../../trust/testing/token-issuer.ts'
import { createActionsCacheProtocol } from './actions-cache-protocol.ts'
import { useClient } from './testing/use-client.ts'

const MAIN = { Scope: 'refs/heads/main', Permission: 3 }
const READ_MAIN = { Scope: 'refs/heads/main', Permission: 1 }
const PULL = { Scope: 'refs/pull/7/merge', Permission: 3 }

test('the claim `ac` of a runner’s own token decides what its unmodified client may do', async () => {
  const { url, tokenOf } = await startServer()
  const workspace = mkdtempSync(path.join(tmpdir(), 'taskvault-runner-'))
  onTestFinished(() => rmSync(workspace, { recursive: true, force: true }))
  const main = await tokenOf([MAIN])
  const reader = await tokenOf([READ_MAIN])
  const pull = await tokenOf([PULL, READ_MAIN])
  const stranger = await tokenOf([MAIN], { repository_id: '75' })
  const paths = ['data']

  const { returned, log } = await useClient({ workspace, url, token: main, service: 'v2' }, [
    { do: 'write', file: 'data', text: 'content' },
    { do: 'save', paths, key: 'deps-1' },
    { do: 'restore', paths, key: 'deps-1', token: reader },
    { do: 'save', paths, key: 'deps-2', token: reader },
    { do: 'restore', paths, key: 'deps-3', restoreKeys: ['deps-'], token: pull },
    { do: 'save', paths, key: 'deps-3', token: pull },
    { do: 'restore', paths, key: 'deps-1', token: stranger },
    { do: 'restore', paths, key: 'deps-3', restoreKeys: ['deps-2'] },
  ])

  expect(returned).toEqual([expect.any(Number), 'deps-1', -1, 'deps-1', -1, null, null])
  expect(returned[0]).toBeGreaterThan(0)
  expect(log).toMatch(/cache write denied: .*the token may only read/)
  expect(log).toMatch(/cache write denied: A pull request that may come from a fork writes nothing/)
})

async function startServer() {
  const opened = await openDatabase(temporarySqlite())
  onTestFinished(async () => await opened[Symbol.asyncDispose]())
  const { engine, now } = await openTestEngine(opened)
  const issuer = await startTokenIssuer({ now, defaults: {} })
  onTestFinished(async () => await issuer[Symbol.asyncDispose]())
  const runtime = issuerOf('github-runtime', { jwksUrl: issuer.jwksUrl })
  const settings = { ...NO_ISSUERS, issuers: [runtime] }
  const server = await startTestServer({
    engine,
    protocols: [createActionsCacheProtocol(Buffer.alloc(32, 7))],
    authenticator: createAuthenticator({ database: opened.database, settings, now }),
    now,
  })
  onTestFinished(async () => await server[Symbol.asyncDispose]())
  const tokenOf = async (scopes: readonly object[], more: object = {}): Promise<string> =>
    await issuer.sign({
      iss: runtime.issuer,
      aud: runtime.audience,
      repository_id: '74',
      ac: JSON.stringify(scopes),
      ...more,
    })
  return { url: server.url, tokenOf }
}
