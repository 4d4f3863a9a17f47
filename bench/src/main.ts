import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { judgeGrowth } from './measure/judge-growth.ts'
import { judge } from './measure/judge.ts'
import type { RowResult } from './measure/row.ts'
import { readResults } from './report/results.ts'
import { renderFigures, renderGaps, renderGrowth, renderTargets } from './report/tables.ts'
import { writeReport } from './report/write-report.ts'
import { runSession } from './run-session.ts'
import { actionSuite } from './suites/action-suite.ts'
import { adaptersSuite } from './suites/adapters-suite.ts'
import type { Suite } from './suites/bench.ts'
import { cliSuite } from './suites/cli-suite.ts'
import { hooksSuite } from './suites/hooks-suite.ts'
import { indexSuite } from './suites/index-suite.ts'
import { remoteSuite } from './suites/remote-rows.ts'
import { scaleSuite } from './suites/scale-suite.ts'
import { sdkSuite } from './suites/sdk-suite.ts'
import { serverSuite } from './suites/server-suite.ts'
import { treeSuite } from './suites/tree-suite.ts'

const SUITES: readonly Suite[] = [
  treeSuite,
  sdkSuite,
  cliSuite,
  hooksSuite,
  indexSuite,
  scaleSuite,
  adaptersSuite,
  actionSuite,
  serverSuite,
  remoteSuite,
]

// Rows of one name may come from several files.
const NAMES = [...new Set(SUITES.map(({ name }) => name))]

const USAGE = `usage: pnpm bench [all | ${NAMES.join(' | ')}]… [--quick] [--only TEXT] [--no-build]
       pnpm bench report [RESULTS.json]…

--quick     three rounds instead of five
--only      rows whose name contains the text
--no-build  measure the command as it was last built`

main()

/** Ends with 1 when a row failed or missed its target. */
function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    allowNegative: true,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      build: { type: 'boolean', default: true },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return print(USAGE)
  const [first, ...rest] = positionals
  if (first === 'report') return print(`wrote ${writeReport(readResults(rest))}`)
  const suites = suitesNamed(positionals)
  if (values.build) build()
  const rounds = values.quick ? 3 : 5
  const { rows, file } = runSession(suites, { rounds, only: values.only })
  const tables = [renderTargets(rows), renderGrowth(rows), renderFigures(rows), renderGaps(rows)]
  print(`${tables.join('\n\n')}\n\nfigures are in ${file}`)
  process.exitCode = isAllReached(rows) ? 0 : 1
}

function suitesNamed(words: readonly string[]): readonly Suite[] {
  if (words.length === 0 || words.includes('all')) return SUITES
  const unknown = words.find((word) => SUITES.every(({ name }) => name !== word))
  if (unknown !== undefined) throw new Error(`There is no suite named ${unknown}.\n${USAGE}`)
  return SUITES.filter(({ name }) => words.includes(name))
}

function build(): void {
  const root = fileURLToPath(new URL('../../', import.meta.url))
  const done = spawnSync('pnpm', ['run', 'build'], { cwd: root, stdio: 'inherit' })
  if (done.status !== 0) throw new Error('The build failed; nothing was measured.')
}

function isAllReached(rows: readonly RowResult[]): boolean {
  const isReached = rows.every(
    (row) => row.failure === undefined && judge(row).every(({ isMet }) => isMet !== false),
  )
  return isReached && judgeGrowth(rows).every(({ isMet }) => isMet !== false)
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
