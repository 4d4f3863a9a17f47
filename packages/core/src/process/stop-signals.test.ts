import { describe, expect, test, vi } from 'vitest'
import { createStopSignals } from './stop-signals.ts'
import type { OnStopSignal, StopSignal } from './stop-signals.ts'

const NEVER = new Promise<never>(() => {})

describe('a signal', () => {
  test('closes all under the work, whose exit code it replaces', async () => {
    const host = createHost()
    const work = Promise.withResolvers<number>()
    const ended = createStopSignals(host.onStopSignal).untilStopped(work.promise, async () =>
      work.reject(new Error('closed under it')),
    )

    host.send('SIGTERM')

    expect(await ended).toBe(143)
  })

  test('that comes twice at once is one; the next one is left to the system', async () => {
    const host = createHost()
    let closings = 0
    const close = async (): Promise<void> => {
      closings += 1
      await NEVER
    }
    void createStopSignals(host.onStopSignal).untilStopped(NEVER, close)

    host.send('SIGINT')
    host.send('SIGINT')

    expect(host.listenerCount).toBe(1)
    await vi.waitFor(() => expect([closings, host.listenerCount]).toEqual([1, 0]), 30_000)
  })

  test('ends work that does not end, too', async () => {
    const host = createHost()
    const ended = createStopSignals(host.onStopSignal, 1).untilStopped(NEVER, async () => {})

    host.send('SIGHUP')

    expect(await ended).toBe(129)
  })

  test('is for the command while one runs, and stops nothing else', async () => {
    const host = createHost()
    const signals = createStopSignals(host.onStopSignal)
    const received: string[] = []
    const work = Promise.withResolvers<number>()
    const ended = signals.untilStopped(work.promise, async () => {})
    const passing = signals.ofCommand((signal) => received.push(signal))

    host.send('SIGINT')
    passing[Symbol.dispose]()
    work.resolve(7)

    expect([await ended, received, signals.stopped.aborted]).toEqual([7, ['SIGINT'], false])
  })
})

interface FakeHost {
  readonly listenerCount: number
  readonly onStopSignal: OnStopSignal
  send(signal: StopSignal): void
}

function createHost(): FakeHost {
  const listeners = new Set<(signal: StopSignal) => void>()
  return {
    get listenerCount() {
      return listeners.size
    },
    onStopSignal(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    send(signal) {
      for (const listener of listeners) listener(signal)
    },
  }
}
