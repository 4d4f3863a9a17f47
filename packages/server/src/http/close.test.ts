import { expect, test } from 'vitest'
import { nativeProtocol } from '../protocols/native/native-protocol.ts'
import { startTestServer } from '../testing/start-test-server.ts'
import type { Protocol } from './protocol.ts'

test('leaves no timers behind when a protocol cannot be closed', async () => {
  const unclosable: Protocol = {
    ...nativeProtocol,
    register(app, services) {
      nativeProtocol.register(app, services)
      app.addHook('onClose', () => Promise.reject(new Error('it is stuck')))
    },
  }
  const { server } = await startTestServer({ protocols: [unclosable] })
  const before = countTimers()

  await expect(server.close(60_000)).rejects.toThrow('it is stuck')

  expect(countTimers()).toBe(before)
})

function countTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
}
