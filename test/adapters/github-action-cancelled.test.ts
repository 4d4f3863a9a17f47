import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import path from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { useVaultServer } from '../rig/use-vault-server.ts'
import { startHolding } from './github/failing-service.ts'
import type { HoldingService } from './github/failing-service.ts'
import { createMachine, post, runAction, uniqueTask, writeFiles } from './github/run-action.ts'
import type { Done, Machine, Step } from './github/run-action.ts'

/* The built action in jobs that are cancelled: the runner interrupts the step that is under way. */

const server = await useVaultServer()

// There the runner has no signal to send, and ends the process.
describe.skipIf(process.platform === 'win32')('a step of a job that is cancelled', () => {
  test.each(['main', 'restore'] as const)(
    'and fetches, as %s: it ends at once, claims nothing, and leaves nothing',
    async (entry) => {
      const inputs = { key: uniqueTask(), path: 'kept' }
      await saveOnePack(inputs)
      // After the record, which has the manifest.
      const isRead = nth((request) => request.method === 'GET', 2)
      const held = await startHolding(server.url, isRead)
      const machine = createMachine({ url: held.url, key: server.key })

      const { done, tookMs } = await cancel(machine, { inputs, entry }, held)

      expect([done.exitCode, done.log], done.log).toEqual([130, ''])
      expect(tookMs).toBeLessThan(5_000)
      expect([done.outputs, done.state, done.variables, done.summary]).toEqual([{}, {}, {}, ''])
      expect([...readdirSync(machine.workspace), ...leftInStore(machine)]).toEqual([])
      // The post half is started where another step of the job has asked for it.
      const after = await post(machine, { ...inputs, 'job-status': 'cancelled' }, done)
      expect([after.exitCode, after.log]).toEqual([0, ''])
      // The next job on this machine does not leave the service alone.
      machine.env['ACTIONS_RESULTS_URL'] = `${server.url}/`
      const next = await runAction(machine, { inputs })
      expect(next.outputs['cache-hit'], next.log).toBe('true')
    },
  )

  test.each([
    ['a pack, which does not go on', 1, false],
    ['its record, which takes a while', 2, true],
  ])('and sends %s: it ends at once, and the next job saves the same', async (_, count, goesOn) => {
    const inputs = { key: uniqueTask(), path: 'kept' }
    const files = { 'kept/a': randomBytes(1_500_000).toString('base64') }
    const isSent = nth((request) => request.method === 'PUT', count)
    const held = await startHolding(server.url, isSent)
    const machine = createMachine({ url: held.url, key: server.key })
    writeFiles(machine, files)

    const { done, tookMs } = await cancel(machine, { inputs, entry: 'save', goesOn }, held)

    expect([done.exitCode, done.log], done.log).toEqual([130, ''])
    expect(tookMs).toBeLessThan(5_000)
    expect(leftInStore(machine)).toEqual([])
    const next = createMachine(server)
    writeFiles(next, files)
    await runAction(next, { inputs, entry: 'save' })
    const restored = await runAction(createMachine(server), { inputs })
    expect(restored.outputs['cache-hit'], restored.log).toBe('true')
  })
})

async function saveOnePack(inputs: Readonly<Record<string, string>>): Promise<void> {
  const machine = createMachine(server)
  writeFiles(machine, { 'kept/a': randomBytes(1_500_000).toString('base64') })
  const saved = await runAction(machine, { entry: 'save', inputs })
  expect(saved.exitCode, saved.log).toBe(0)
}

/** Whether a request is the nth of its kind, or a later one. */
function nth(
  isOne: (request: IncomingMessage) => boolean,
  count: number,
): (request: IncomingMessage) => boolean {
  let seen = 0
  return (request) => isOne(request) && (seen += 1) >= count
}

/** Sends what the runner sends, a moment after a request is held, which goes on a moment later, or never. */
async function cancel(
  machine: Machine,
  { goesOn = false, ...step }: Step & { readonly goesOn?: boolean },
  held: HoldingService,
): Promise<{ readonly done: Done; readonly tookMs: number }> {
  let action: ChildProcess | undefined
  const running = runAction(machine, { ...step, onStart: (child) => void (action = child) })
  // On a machine too busy for the service, the step ends by itself, and is looked at.
  await Promise.race([held.reached, running])
  await delay(100)
  const cancelledAt = performance.now()
  action?.kill('SIGINT')
  // Longer than the signal needs, and shorter than is waited for.
  if (goesOn) setTimeout(() => held.release(), 100)
  return { done: await running, tookMs: performance.now() - cancelledAt }
}

/** What lies in the machine's store for a while. */
function leftInStore({ env }: Machine): readonly string[] {
  const store = path.join(env['RUNNER_TOOL_CACHE']!, 'taskvault')
  if (!existsSync(store)) return []
  const names = readdirSync(store, { recursive: true, encoding: 'utf8' })
  return names.filter((name) => /\.tmp|stage/.test(name))
}
