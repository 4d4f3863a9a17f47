import type { IncomingMessage, RequestListener } from 'node:http'
import { expect, test, vi } from 'vitest'
import { useVaultServer } from '../rig/use-vault-server.ts'
import { startInterfering } from './github/failing-service.ts'
import { contentOf, createMachine, runAction, uniqueTask, writeFiles } from './github/run-action.ts'
import type { Done } from './github/run-action.ts'

/* The built action against a service that is as it should be, but for one kind of request. */

vi.setConfig({ testTimeout: 120_000 })

const server = await useVaultServer()

const status =
  (code: number, text = ''): RequestListener =>
  (_, response) =>
    void response.writeHead(code, { 'retry-after': '60' }).end(text)

const PAGE = status(200, '<html>Sign in</html>')
const CUT: RequestListener = (_, response) => {
  response.writeHead(200, { 'content-length': 1000 }).write('x'.repeat(500))
  setTimeout(() => response.destroy(), 50)
}
const STALL: RequestListener = (_, response) =>
  void response.writeHead(200, { 'content-length': 1000 }).write('x'.repeat(500))

type Ways = Readonly<Record<string, RequestListener>>

const FOR_WRITERS: Ways = {
  403: status(403, '{"msg":"no"}'),
  409: status(409),
  500: status(500, '<html>'),
  'a page': PAGE,
  'a cut': (request) => void request.socket.destroy(),
  'a stall': STALL,
}
const FOR_READERS: Ways = {
  401: status(401),
  404: status(404),
  429: status(429),
  503: status(503),
  'a page': PAGE,
  'a cut': CUT,
  'a stall': STALL,
}

type Which = (request: IncomingMessage) => boolean
const calls =
  (method: string): Which =>
  ({ url }) =>
    url?.endsWith(`/${method}`) === true
const moves =
  (...methods: readonly string[]): Which =>
  ({ method = '' }) =>
    methods.includes(method)

const WRITES: Readonly<Record<string, Which>> = {
  'beginning an upload': calls('CreateCacheEntry'),
  'sending bytes': moves('PUT'),
  'ending an upload': calls('FinalizeCacheEntryUpload'),
}

test('whatever keeps a cache from being saved is a warning at most, and nobody finds half of it', async () => {
  const key = uniqueTask()
  const rows = Object.entries(WRITES).flatMap(([name, which]) =>
    Object.entries(FOR_WRITERS).map(([way, answer]) => ({ row: `${name}: ${way}`, which, answer })),
  )

  // At the same time, as some take seconds.
  const done = await Promise.all(
    rows.map(async ({ row, which, answer }, at) => {
      const url = await startInterfering(server.url, { which, answer })
      const machine = createMachine({ url, key: server.key })
      writeFiles(machine, { 'out/a': 'made', 'out/b': 'made, too' })
      const inputs = { path: 'out', key: `${key}-${at}` }
      return { row, saved: await runAction(machine, { entry: 'save', inputs }) }
    }),
  )
  const inputs = { path: 'out', key, 'restore-keys': key }
  const found = await runAction(createMachine(server), { entry: 'restore', inputs })

  for (const { row, saved } of done) expectQuiet(saved, row)
  expect(found.outputs['cache-status'], found.log).toBe('miss')
  expect(found.log).not.toContain('::')
})

const READS: Readonly<Record<string, Ways>> = {
  packs: FOR_READERS,
  archive: { 429: status(429), 'a cut': CUT, 'a stall': STALL },
}

test('whatever keeps a cache from being fetched is a miss with a warning, and touches nothing', async () => {
  const key = uniqueTask()
  const rows = Object.entries(READS).flatMap(([format, ways]) =>
    Object.entries(ways).map(([way, answer]) => ({ row: `${format}: ${way}`, format, answer })),
  )
  const first = createMachine(server)
  writeFiles(first, { 'out/a': 'made', 'out/b': 'made, too' })
  const inputsOf = (format: string) => ({ path: 'out', format, key: `${key}-${format}` })
  for (const format of Object.keys(READS))
    await runAction(first, { entry: 'save', inputs: inputsOf(format) })

  const done = await Promise.all(
    rows.map(async ({ row, format, answer }) => {
      const url = await startInterfering(server.url, { which: moves('GET', 'HEAD'), answer })
      const machine = createMachine({ url, key: server.key })
      writeFiles(machine, { 'out/a': 'mine' })
      const missed = await runAction(machine, { entry: 'restore', inputs: inputsOf(format) })
      return { row, missed, content: contentOf(machine, 'out/a') }
    }),
  )

  for (const { row, missed, content } of done) {
    expectQuiet(missed, row)
    expect(missed.outputs['cache-status'], row + missed.log).toMatch(/^(miss|error)$/)
    expect(missed.outputs, row).not.toHaveProperty('cache-hit')
    // What is gone is no trouble.
    expect(missed.log.includes('::warning'), row + missed.log).toBe(!row.endsWith('404'))
    expect(content, row).toBe('mine')
  }
})

function expectQuiet({ exitCode, log }: Done, way: string): void {
  expect(exitCode, way + log).toBe(0)
  expect(log.match(/^::/gm)?.length ?? 0, way + log).toBeLessThanOrEqual(1)
  expect(log, way).not.toContain('sig=')
  expect(log, way).not.toContain(server.key)
}
