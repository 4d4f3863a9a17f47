import { expect, test } from 'vitest'
import { useVaultServer } from '../rig/use-vault-server.ts'
import { startInterfering } from './github/failing-service.ts'
import { createMachine, post, runAction, uniqueTask, writeFiles } from './github/run-action.ts'
import type { Machine } from './github/run-action.ts'

/* What the log and the page of a run say of what nobody sees otherwise. */

const server = await useVaultServer()

test('steps that leave a silent service alone say so, and that only the machine remembers', async () => {
  const machine = createMachine({ url: 'http://127.0.0.1:9', key: 'k' })
  writeFiles(machine, { 'src/a': 'a', 'kept/a': 'a' })
  const inputs = { key: uniqueTask(), path: 'kept' }
  const first = await runAction(machine, { inputs })
  const run = { task: uniqueTask(), inputs: 'src/**', run: 'echo done' }

  const [second, saved] = [
    await runAction(machine, { inputs: run }),
    await post(machine, inputs, first),
  ]

  expect(first.log).toMatch(/^::warning/m)
  expect(second.log).not.toContain('::warning')
  expect(second.log).toContain('the remote store is not asked: it did not answer a moment ago')
  expect(second.outputs['cache-status'], second.log).toBe('error')
  // Others may have saved it.
  expect(second.log + second.summary).not.toContain('nothing was saved')
  for (const { log } of [second, saved])
    expect(log).toMatch(/saved .* on this machine only: the remote store could not be used/)
})

test('a job that may only read says that others do not find what it saves', async () => {
  const machine = createMachine(server)
  machine.env['ACTIONS_CACHE_MODE'] = 'Read'

  const saved = await save(machine, { key: uniqueTask(), path: 'kept' })

  expect(saved.log).toMatch(/saved 1 file, .* on this machine only: ACTIONS_CACHE_MODE is read/)
  expect(saved.log).toContain(
    "Cache save skipped: the effective cache-mode 'read' does not permit writes.\n",
  )
})

test('a job that may only write says that nothing was looked for', async () => {
  const machine = createMachine(server)
  machine.env['ACTIONS_CACHE_MODE'] = 'write-only'
  const key = uniqueTask()

  const missed = await runAction(machine, { inputs: { key, path: 'kept' } })

  expect(missed.log).toContain(
    `Cache restore skipped: the effective cache-mode 'write-only' does not permit reads.\nCache not found for input keys: ${key}\n`,
  )
})

test('a job that may not write says why, in words of the service', async () => {
  const denial = 'cache write denied: A fork writes nothing.'
  const url = await startInterfering(server.url, {
    which: ({ url: path }) => path?.endsWith('/CreateCacheEntry') === true,
    answer: (_, response) => void response.end(JSON.stringify({ ok: false, message: denial })),
  })
  const key = uniqueTask()

  const saved = await save(createMachine({ url, key: server.key }), { key, path: 'kept' })

  expect(saved.log).not.toContain('::warning')
  expect(saved.log).toContain(`on this machine only: ${denial}\n`)
  expect(saved.log).toContain(`Unable to reserve cache with key ${key}. More details: ${denial}\n`)
})

test('a runner without a cache service says that only the machine remembers', async () => {
  const machine = createMachine(server)
  delete machine.env['ACTIONS_RESULTS_URL']

  const missed = await runAction(machine, { inputs: { key: uniqueTask(), path: 'kept' } })

  expect(missed.log).toContain('this runner has no cache service')
})

test('the page of the run names the key that was restored in the place of another', async () => {
  const [key, path] = [uniqueTask(), 'kept']
  await save(createMachine(server), { key: `${key} 1`, path })
  const inputs = { key: `${key} 2`, 'restore-keys': `${key} `, path }

  const partial = await runAction(createMachine(server), { inputs })

  expect(partial.log).toContain(`a miss; ${key} 1 was restored (1 of 1 file written`)
  expect(partial.summary.replaceAll('&#45;', '-')).toContain(`a miss; ${key} 1 was restored`)
})

test('why a command runs stands before what it prints, and nowhere else in the log', async () => {
  const machine = createMachine(server)
  const inputs = { task: uniqueTask(), inputs: 'src/**', run: 'echo from the command' }
  writeFiles(machine, { 'src/a': 'a' })
  await runAction(machine, { inputs })
  writeFiles(machine, { 'src/a': 'b' })

  const { log, summary } = await runAction(machine, { inputs })

  const order = /a miss\n.*changed: src\/a\nfrom the command\n(?<rest>[^]*)/.exec(log)
  expect(order?.groups?.['rest'], log).not.toContain('changed: src/a')
  expect(summary).toContain('changed: src/a')
})

async function save(machine: Machine, inputs: Readonly<Record<string, string>>) {
  writeFiles(machine, { 'kept/a': 'a' })
  return await runAction(machine, { entry: 'save', inputs })
}
