import { mkdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { runPatched } from '../run-patched.ts'
import { sumReports } from '../suite.ts'
import type { LongSuite, SuiteReport } from '../suite.ts'
import type { DamageOptions, DamageResult } from './damage-worker.ts'

/** Damage in every form, to every file of a vault; as many rounds at once as there are processors. */
export const damageSuite: LongSuite = {
  rounds: 20_000,
  async run({ rounds, seed, forMs, root }) {
    const workers = Array.from({ length: availableParallelism() }, (_, at) => at)
    const reports = workers.map(async (at): Promise<SuiteReport> => {
      const options: DamageOptions = {
        root: join(root, String(at)),
        rounds: Math.ceil(rounds / workers.length),
        seed: seed + at,
        forMs,
      }
      mkdirSync(options.root)
      const module = join(import.meta.dirname, 'damage-worker.ts')
      const { faults, ...figures } = await runPatched<DamageResult>({ module, options })
      return { figures, faults }
    })
    return sumReports(await Promise.all(reports))
  },
}
