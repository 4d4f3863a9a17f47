import type { Tools } from '../machine/tools.ts'
import type { Contestant, Row, RowResult, Sample, SkippedPeer } from './row.ts'

export interface Rounds {
  /** Rounds that count, unless the row says its own number. */
  readonly count: number
  readonly tools: Tools
  /** Told before every run. */
  readonly report: (line: string) => void
}

/**
 * Runs a row's contestants in turn, round after round (A B C, A B C, …), so that a slow minute of
 * the machine meets all of them. What the first round leaves
 * behind is checked; rounds that warm up are not counted.
 * A failure is part of the result: the other rows still run.
 */
export function runRow(row: Row, rounds: Rounds): RowResult {
  const skipped = row.contestants.flatMap((contestant) => skipOf(contestant, rounds.tools))
  const samples = new Map<string, Sample[]>()
  try {
    row.setUp?.()
    takeRounds(row, { rounds, skipped, samples })
    return resultOf(row, { skipped, samples })
  } catch (error) {
    return { ...resultOf(row, { skipped, samples }), failure: messageOf(error) }
  } finally {
    row.tearDown?.()
  }
}

interface Progress {
  readonly rounds: Rounds
  readonly skipped: SkippedPeer[]
  readonly samples: Map<string, Sample[]>
}

function takeRounds(row: Row, progress: Progress): void {
  const { rounds, samples } = progress
  const attempt = createAttempt(row, progress)
  for (const contestant of row.contestants) attempt(contestant, () => contestant.setUp?.())
  const first = 1 - (row.warmUps ?? 1)
  const last = row.rounds ?? rounds.count
  for (let round = first; round <= last; round += 1) {
    for (const contestant of row.contestants) {
      attempt(contestant, () => {
        rounds.report(`${row.name} · ${roundName(round, last)} · ${contestant.name}`)
        contestant.prepare?.()
        const sample = contestant.run()
        if (round === first) contestant.check?.()
        const taken = samples.get(contestant.name) ?? []
        samples.set(contestant.name, round > 0 ? [...taken, sample] : taken)
      })
    }
  }
}

/** Does a contestant's step unless it is out; a peer that fails is out, our own failure is the row's. */
function createAttempt(row: Row, { skipped, samples }: Progress) {
  return (contestant: Contestant, step: () => void): void => {
    if (skipped.some(({ name }) => name === contestant.name)) return
    try {
      step()
    } catch (error) {
      if (contestant === row.contestants[0]) throw error
      skipped.push({ name: contestant.name, because: messageOf(error) })
      samples.delete(contestant.name)
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function roundName(round: number, count: number): string {
  return round > 0 ? `round ${round} of ${count}` : 'warm-up'
}

function skipOf(contestant: Contestant, tools: Tools): SkippedPeer[] {
  for (const name of contestant.needs ?? []) {
    const tool = tools[name]
    if (tool?.kind === 'found') continue
    const how = tool?.install ?? 'install it'
    return [{ name: contestant.name, because: `${name} is not installed (${how})` }]
  }
  return []
}

function resultOf(
  row: Row,
  outcome: {
    readonly skipped: readonly SkippedPeer[]
    readonly samples: ReadonlyMap<string, readonly Sample[]>
  },
): RowResult {
  const ran = row.contestants.filter((contestant) => outcome.samples.has(contestant.name))
  return {
    name: row.name,
    ...(row.point === undefined ? {} : { point: row.point }),
    operation: row.operation,
    state: row.state,
    targets: row.targets,
    contestants: ran.map(({ name, command }) => ({
      name,
      command,
      samples: outcome.samples.get(name) ?? [],
    })),
    skipped: outcome.skipped,
  }
}
