import { expect, test } from 'vitest'
import { createKnownKeys } from '../../testing/known-keys.ts'
import { startTestServer } from '../../testing/start-test-server.ts'
import type { TestServer } from '../../testing/start-test-server.ts'
import { createOpenAuthenticator } from './open-authenticator.ts'

test('whoever brings nothing is an administrator, with a session if wanted', async () => {
  await using server = await startOpenServer()

  const plain = await fetch(`${server.url}/v1/stats`)
  const opened = await fetch(`${server.url}/v1/session`, { method: 'POST' })
  const { token, role } = (await opened.json()) as { token: string; role: string }
  const inSession = await server.fetch('/v1/stats', { bearer: token })
  const guessed = await server.fetch('/v1/stats', { bearer: 'tvs_guess' })

  expect([plain.status, opened.status, role]).toEqual([200, 201, 'admin'])
  expect([inSession.status, guessed.status]).toEqual([200, 401])
})

test.each([
  ['a page of its own', { origin: 'https://evil.example' }],
  ['a name that leads here', { host: 'evil.example' }],
  ['a name that begins like ours', { host: '127.0.0.1.evil.example:9999' }],
])('a browser that was led here by %s gets nothing', async (_by, headers) => {
  await using server = await startOpenServer()

  const answer = await server.server.app.inject({ url: '/v1/stats', headers })

  expect(answer.statusCode).toBe(403)
})

async function startOpenServer(): Promise<TestServer> {
  const authenticator = createOpenAuthenticator(createKnownKeys({}), Date.now)
  return await startTestServer({ authenticator, isAuthenticated: false })
}
