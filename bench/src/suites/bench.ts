import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { WorkDirectory } from '../machine/work-directory.ts'
import type { Row, Sample } from '../measure/row.ts'
import { type Command, runTimed } from '../measure/run-timed.ts'

/** What every suite works with. */
export interface Bench {
  readonly work: WorkDirectory
  readonly report: (line: string) => void
}

/** A named group of rows, made when the suite starts and has its work directory. */
export interface Suite {
  readonly name: string
  /** RAM or disk that the data and the copies take at most. */
  readonly needsBytes: number
  readonly createRows: (bench: Bench) => readonly Row[]
}

/** A path of this session, its parent made. */
export function freshPath(bench: Bench, ...names: readonly string[]): string {
  const path = join(bench.work.fresh, ...names)
  mkdirSync(join(path, '..'), { recursive: true })
  return path
}

/** Runs a command for its figures. */
export function time(bench: Bench, command: Command): Sample {
  return runTimed(command, bench.work)
}

/** Runs a command for what it leaves behind; throws when it fails. */
export function execute(bench: Bench, command: Command): void {
  runTimed(command, bench.work)
}

/** What a command prints; throws when it fails. */
export function outputOf(file: string, args: readonly string[], cwd: string): string {
  const done = spawnSync(file, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 30 })
  if (done.error !== undefined) throw done.error
  if (done.status !== 0) throw new Error(`${file} ${args.join(' ')}: ${done.stderr}`)
  return done.stdout
}

/** Removes whatever lies there. */
export function remove(path: string): void {
  rmSync(path, { recursive: true, force: true })
}

/** Copies a tree with modes, links and times, replacing what lies at `to`. */
export function copyTree(from: string, to: string): void {
  remove(to)
  mkdirSync(join(to, '..'), { recursive: true })
  outputOf('cp', ['-a', '--no-target-directory', from, to], '/')
}

/** Copies one file over another. */
export function copyFile(from: string, to: string): void {
  cpSync(from, to, { preserveTimestamps: true })
}
