import { expect, test } from 'vitest'
import { createPatience } from './patience.ts'
import { LONGEST_STEP_MS, createWaitingClock } from './waiting-clock.ts'

test('what is looked at often counts as it is, and a machine that stood still as hardly anything', () => {
  let idleMs = 1_000
  const waitedMs = createWaitingClock(() => idleMs)
  const after = (ms: number): number => ((idleMs += ms), waitedMs())

  expect([after(50), after(50), after(60_000), after(50)]).toEqual([
    50,
    100,
    100 + LONGEST_STEP_MS,
    150 + LONGEST_STEP_MS,
  ])
})

test.each([
  ['stopped for a minute has lost no patience', 60_000, false],
  ['kept waiting in small steps has (control)', 50, true],
])('who is %s', async (_, stepMs, isLost) => {
  let idleMs = 0
  const now = createWaitingClock(() => idleMs)
  const patience = createPatience({ limitMs: 4_000, now })

  const waiting = patience.during(async () => {
    for (let waitedMs = 0; waitedMs < 60_000; waitedMs += stepMs) {
      idleMs += stepMs
      now()
    }
  })

  await waiting.catch(() => {})
  expect(patience.signal.aborted).toBe(isLost)
})
