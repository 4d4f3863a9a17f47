import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleWorker } from '../bundle-worker.ts'
import { clockMs } from '../clock.ts'
import { startNode } from '../node-process.ts'
import type { Patch } from '../patch-source.ts'
import { inspectAfterwards } from './aftermath.ts'
import type { HistoryEvent, ProcessHistory } from './history.ts'
import { judge } from './judge.ts'
import type { Judgement } from './judge.ts'
import { randomFrom } from './worker-options.ts'
import type { WorkerOptions } from './worker-options.ts'

export interface KillOptions {
  /** Ends when so many processes were killed, or when the time is over. */
  readonly kills: number
  readonly maxMs: number
  /** Goes on until then however long a busy machine takes for it; none by default. */
  readonly leastKills?: number
  readonly seed: number
  readonly workers?: number
  /** Of the vault; eviction brings it to half of that. */
  readonly limitBytes?: number
  /** What part of all operations collects garbage. */
  readonly collectingShare?: number
  /** A life's length, in operations, is up to this; short lives are more common. */
  readonly mostOperations?: number
  /** Faults to put into every worker, for tests of the checker. */
  readonly patches?: readonly Patch[]
}

export interface KillReport extends Judgement {
  readonly kills: number
  readonly tookMs: number
  readonly entries: number
  readonly evictions: number
}

/** Small, so that eviction is at work all the time; the keys in use take a tenth of it. */
const LIMIT_BYTES = 4 * 1024 * 1024

/** A life's length, in operations, is up to this; short lives are more common. */
const MOST_OPERATIONS = 80

/** Lets workers share one vault, kills them at random moments, and judges what they saw. */
export async function runKills(options: KillOptions): Promise<KillReport> {
  const { limitBytes = LIMIT_BYTES } = options
  const project = mkdtempSync(join(tmpdir(), 'taskvault-kills-'))
  const beganAt = performance.now()
  try {
    const { histories, kills } = await killWorkers(project, options)
    const aftermath = await inspectAfterwards(project, { histories, limitBytes })
    const judgement = judge([...histories, aftermath.reads], aftermath.removals)
    return {
      ...judgement,
      violations: [...judgement.violations, ...aftermath.violations],
      kills,
      tookMs: performance.now() - beganAt,
      entries: aftermath.entries,
      evictions: aftermath.evictions,
    }
  } finally {
    rmSync(project, { recursive: true, force: true })
  }
}

interface Run {
  readonly project: string
  readonly worker: string
  readonly options: KillOptions
  readonly slots: readonly number[]
  readonly random: () => number
  readonly until: number
  readonly histories: ProcessHistory[]
  kills: number
}

async function killWorkers(
  project: string,
  options: KillOptions,
): Promise<Pick<Run, 'histories' | 'kills'>> {
  mkdirSync(join(project, 'history'))
  const { patches = [] } = options
  const worker = await bundleWorker({ script: 'kills/worker.ts', directory: project, patches })
  const slots = Array.from({ length: options.workers ?? 8 }, (_, slot) => slot)
  const until = performance.now() + options.maxMs
  const random = randomFrom(options.seed)
  const run: Run = { project, worker, options, slots, random, until, histories: [], kills: 0 }
  await Promise.all(slots.map((slot) => keepKilling(run, slot)))
  return run
}

/** One life after the other, each with a history file of its own. */
async function keepKilling(run: Run, slot: number): Promise<void> {
  let firstGeneration = 0
  for (let life = 0; goesOn(run); life += 1) {
    const historyFile = join(run.project, 'history', `${slot}-${life}`)
    const { project, slots, random, options } = run
    const seed = Math.floor(random() * 2 ** 32)
    const duePastOperations = Math.floor(
      random() ** 2 * (options.mostOperations ?? MOST_OPERATIONS),
    )
    const argument: WorkerOptions = {
      project,
      slot,
      slots,
      seed,
      historyFile,
      firstGeneration,
      duePastOperations,
      limitBytes: options.limitBytes ?? LIMIT_BYTES,
      collectingShare: options.collectingShare ?? 0.03,
    }
    const killedAt = await liveAndDie(run, argument)
    const events = readHistory(historyFile)
    run.histories.push({ slot, events, killedAt })
    if (killedAt !== undefined) run.kills += 1
    for (const event of events) {
      if (event.kind === 'began' && event.operation.name === 'save')
        firstGeneration = event.operation.generation
    }
  }
}

function goesOn({ kills, until, options }: Run): boolean {
  if (kills < (options.leastKills ?? 0)) return true
  return kills < options.kills && performance.now() < until
}

/** @returns when it was killed; undefined when it ended by itself. */
async function liveAndDie(
  { random, project, worker }: Run,
  argument: WorkerOptions,
): Promise<number | undefined> {
  const child = startNode({ worker, argument, cwd: project })
  const exited = once(child, 'exit')
  // Some die while they open the vault, most of them at work.
  const diesEarly = random() < 0.15
  if (diesEarly) await Promise.race([pause(40 + random() * 160), exited])
  else {
    await Promise.race([once(child, 'message'), exited])
    await Promise.race([pause(random() * 20), exited])
  }
  const killedAt = clockMs()
  const wasKilled = child.exitCode === null && child.kill('SIGKILL')
  await exited
  return wasKilled ? killedAt : undefined
}

async function pause(durationMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, durationMs))
}

/** Whole lines only: a kill may cut the last one. */
function readHistory(file: string): readonly HistoryEvent[] {
  if (!existsSync(file)) return []
  const text = readFileSync(file, 'utf8')
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as HistoryEvent)
}
