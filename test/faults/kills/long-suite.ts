import type { LongSuite } from '../suite.ts'
import { runKills } from './run-kills.ts'

/** Eight processes on one vault, killed at any moment; a round is a kill. */
export const killSuite: LongSuite = {
  rounds: 2_000,
  async run({ rounds, seed, forMs }) {
    const report = await runKills({ kills: rounds, maxMs: forMs, seed })
    const { violations, refusals, tookMs: _, ...figures } = report
    const refused = Object.entries(refusals).map(([code, count]) => [`refused ${code}`, count])
    return {
      figures: { ...figures, ...Object.fromEntries(refused) },
      faults: violations.map(({ kind, detail }) => `${kind}: ${detail}`),
    }
  },
}
