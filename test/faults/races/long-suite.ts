import { join } from 'node:path'
import { runPatched } from '../run-patched.ts'
import type { LongSuite } from '../suite.ts'
import type { RaceResult } from './race-worker.ts'

/** Restores against a process that exchanges directories for links. */
export const raceSuite: LongSuite = {
  rounds: 10_000,
  async run(options) {
    const module = join(import.meta.dirname, 'race-worker.ts')
    const { touched, ...figures } = await runPatched<RaceResult>({ module, options })
    return { figures, faults: touched }
  },
}
