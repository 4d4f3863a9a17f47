import path from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { damageSuite } from '../test/faults/damage/long-suite.ts'
import { hooksSuite } from '../test/faults/hooks/long-suite.ts'
import { killSuite } from '../test/faults/kills/long-suite.ts'
import { raceSuite } from '../test/faults/races/long-suite.ts'
import { serverSuites } from '../test/faults/server/long-suites.ts'
import { inDirectory } from '../test/faults/suite.ts'
import type { LongSuite } from '../test/faults/suite.ts'
import { syscallSuites } from '../test/faults/syscalls/long-suite.ts'
import { treesSuite } from '../test/faults/trees/long-suite.ts'

/** The suites that are too long for every change. */
const SUITES: Readonly<Record<string, LongSuite>> = {
  damage: damageSuite,
  hooks: hooksSuite,
  kills: killSuite,
  races: raceSuite,
  ...serverSuites,
  ...syscallSuites,
  trees: treesSuite,
}

const USAGE = `Usage: pnpm suite NAME [--rounds N] [--seed N] [--minutes N] [--repository PATH]…
Suites: ${Object.keys(SUITES).join(', ')}
`

async function main(): Promise<number> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      seed: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '1440' },
      repository: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(USAGE)
    return 0
  }
  const suite = SUITES[positionals[0] ?? '']
  if (suite === undefined) {
    process.stderr.write(USAGE)
    return 2
  }
  const startedMs = performance.now()
  const rounds = Number(values.rounds ?? suite.rounds)
  const limits = {
    rounds,
    seed: Number(values.seed),
    forMs: Number(values.minutes) * 60_000,
    repositories: values.repository.map((each) => path.resolve(each)),
  }
  const { figures, faults } = await inDirectory((root) => suite.run({ ...limits, root }))
  const seconds = Math.round((performance.now() - startedMs) / 1_000)
  for (const [name, value] of Object.entries({ ...figures, seconds })) {
    process.stdout.write(`${name} ${value}\n`)
  }
  for (const fault of faults) process.stdout.write(`FAULT ${fault}\n`)
  return faults.length === 0 ? 0 : 1
}

process.exitCode = await main()
