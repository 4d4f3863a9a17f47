import { describe, expect, test } from 'vitest'
import { COLLECT_AT_ONCE, KILL_CONTROLS } from './controls.ts'
import type { Violation } from './history.ts'
import { runKills } from './run-kills.ts'

describe('eight processes that save, restore, evict and collect, and are killed at any moment', () => {
  test('never read wrong bytes, lose nothing that was acknowledged, and evict what is in use last', async () => {
    const report = await runKills({ kills: 10_000, leastKills: 20, maxMs: 7_000, seed: 1 })

    expect(report.violations).toEqual([])
    // It was a test: they came to work, and were killed.
    expect(report.kills).toBeGreaterThan(16)
    expect(report.hits).toBeGreaterThan(50)
    expect(report.acknowledgedSaves).toBeGreaterThan(25)
  })

  test('do not either when collection leaves nothing to saves in flight: publication looks once more', async () => {
    const report = await runKills({
      kills: 10_000,
      maxMs: 4_000,
      seed: 3,
      patches: COLLECT_AT_ONCE,
    })

    expect(report.violations).toEqual([])
  })

  test.each(KILL_CONTROLS)(
    'are found to do so when $name',
    async (fault) => {
      let violations: readonly Violation[] = []

      // A race: it is given chances to be met, more of them on a machine that has much to do.
      const until = performance.now() + 150_000
      for (let seed = 1; violations.length === 0 && performance.now() < until; seed += 1) {
        ;({ violations } = await runKills({ kills: 10_000, maxMs: 3_000, ...fault, seed }))
      }

      expect(violations).not.toEqual([])
    },
    180_000,
  )
})
