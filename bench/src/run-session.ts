import { describeMachine } from './machine/describe-machine.ts'
import { findTools } from './machine/tools.ts'
import { openWorkDirectory } from './machine/work-directory.ts'
import type { RowResult } from './measure/row.ts'
import { runRow } from './measure/run-row.ts'
import { writeResults } from './report/results.ts'
import type { Suite } from './suites/bench.ts'

export interface SessionOptions {
  readonly rounds: number
  /** Only rows whose name contains this. */
  readonly only: string
}

/**
 * Takes the rows of each suite, every suite in a work directory of its own, and writes the figures
 * after every row, so that a session which is broken off has lost nothing.
 */
export function runSession(
  suites: readonly Suite[],
  { rounds, only }: SessionOptions,
): { readonly rows: readonly RowResult[]; readonly file: string } {
  const startedAt = new Date()
  const tools = findTools()
  const shared = { startedAt: startedAt.toISOString(), machine: describeMachine(), tools, rounds }
  const rows: RowResult[] = []
  let file = ''
  for (const suite of suites) {
    using work = openWorkDirectory(suite.needsBytes)
    const report = createReport(suite.name)
    report(`work directory ${work.fresh} on ${work.medium}`)
    for (const row of suite.createRows({ work, report })) {
      if (!row.name.includes(only)) continue
      rows.push(runRow(row, { count: rounds, tools, report }))
      const tookSeconds = (Date.now() - startedAt.getTime()) / 1000
      file = writeResults({ ...shared, tookSeconds, medium: work.medium, rows })
    }
  }
  return { rows, file }
}

function createReport(suite: string): (line: string) => void {
  return (line) => {
    process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${suite} · ${line}\n`)
  }
}
