import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What a long suite found. */
export interface SuiteReport {
  /** What was done, for the record: `rounds`, `hits`. */
  readonly figures: Readonly<Record<string, number>>
  /** What must never happen, one line each; empty when all is well. */
  readonly faults: readonly string[]
}

/** A suite that takes minutes: it is run before releases, and by night. */
export interface LongSuite {
  /** How many rounds make it whole. */
  readonly rounds: number
  run(options: SuiteOptions): Promise<SuiteReport>
}

export interface SuiteOptions {
  readonly rounds: number
  readonly seed: number
  /** Ends after so long, however many rounds that were. */
  readonly forMs: number
  /** An empty directory. */
  readonly root: string
  /** Repositories of somebody's, for suites that can use some. */
  readonly repositories?: readonly string[]
}

/** Runs `work` in a directory of its own, which is removed. */
export async function inDirectory<Result>(
  work: (root: string) => Promise<Result>,
): Promise<Result> {
  const root = mkdtempSync(join(tmpdir(), 'taskvault-suite-'))
  try {
    return await work(root)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

/** One report of several that were made side by side. */
export function sumReports(reports: readonly SuiteReport[]): SuiteReport {
  const figures: Record<string, number> = {}
  for (const [name, value] of reports.flatMap((report) => Object.entries(report.figures))) {
    figures[name] = (figures[name] ?? 0) + value
  }
  return { figures, faults: reports.flatMap((report) => report.faults) }
}
