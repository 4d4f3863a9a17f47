import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { MachineDescription } from '../machine/describe-machine.ts'
import type { Tools } from '../machine/tools.ts'
import type { RowResult } from '../measure/row.ts'

/** One session's figures, as kept in `bench/results/`. */
export interface Results {
  readonly startedAt: string
  readonly tookSeconds: number
  readonly rounds: number
  readonly medium: string
  readonly machine: MachineDescription
  readonly tools: Tools
  readonly rows: readonly RowResult[]
}

const DIRECTORY = fileURLToPath(new URL('../../results/', import.meta.url))

/** Writes a session's figures under the time it began; called after every row, so none is lost. */
export function writeResults(results: Results): string {
  mkdirSync(DIRECTORY, { recursive: true })
  const file = join(DIRECTORY, `${results.startedAt.replaceAll(':', '-').slice(0, 19)}.json`)
  writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`)
  return file
}

/**
 * Reads the named sessions, or the newest; of a row in several the last one named counts.
 * Throws when there is none.
 */
export function readResults(files: readonly string[]): Results {
  const sessions = (files.length > 0 ? files : newest()).map(
    (file) => JSON.parse(readFileSync(file, 'utf8')) as Results,
  )
  const last = sessions.at(-1)
  if (last === undefined) throw new Error('There are no results yet. Run `pnpm bench all` first.')
  const rows = new Map(
    sessions.flatMap(({ rows: of }) => of.map((row) => [row.name, row] as const)),
  )
  const tookSeconds = sessions.reduce((sum, session) => sum + session.tookSeconds, 0)
  return { ...last, tookSeconds, rows: [...rows.values()] }
}

function newest(): string[] {
  mkdirSync(DIRECTORY, { recursive: true })
  const names = readdirSync(DIRECTORY).filter((name) => name.endsWith('.json'))
  return names
    .toSorted()
    .slice(-1)
    .map((name) => join(DIRECTORY, name))
}
