import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'

export interface TaskRun {
  readonly outcome: 'hit' | 'miss'
  readonly tookMs: number
}

const LAUNCHER = path.resolve(import.meta.dirname, '../../packages/cli/bin/taskvault.js')

/**
 * Runs the command line as a user would, with what it prints in full view.
 * @throws {Error} when it fails, or when its audit log does not say whether it was a hit.
 */
export function runTask(project: string): TaskRun {
  const before = readOutcomes(project)
  const startedAtMs = performance.now()
  taskvault(project, ['run', 'unit_tests'])
  const tookMs = performance.now() - startedAtMs
  const [outcome] = readOutcomes(project).slice(before.length)
  if (outcome === undefined) throw new Error('The audit log has no line for this run')
  return { outcome, tookMs }
}

/** Prints a command, and runs it in the project with our own streams. */
export function taskvault(project: string, words: readonly string[]): void {
  process.stdout.write(`\n$ taskvault ${words.join(' ')}\n`)
  const result = spawnSync(process.execPath, [LAUNCHER, ...words], {
    cwd: project,
    env: withoutSettings(process.env),
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (result.status !== 0) throw new Error(`taskvault ended with ${result.status ?? result.signal}`)
}

/** The hits and misses that the audit log has, in order. */
function readOutcomes(project: string): readonly TaskRun['outcome'][] {
  const auditLog = path.join(project, '.taskvault', 'cache', 'audit.log')
  if (!existsSync(auditLog)) return []
  const lines = readFileSync(auditLog, 'utf8').matchAll(/^\[[^\]]+\] (HIT|MISS) /gm)
  return Array.from(lines, ([, word]) => (word === 'HIT' ? 'hit' : 'miss'))
}

/** The demonstration uses its own configuration, whatever this shell is set up for. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TASKVAULT_')))
}
