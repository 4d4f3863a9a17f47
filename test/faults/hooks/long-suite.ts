import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { LongSuite, SuiteOptions } from '../suite.ts'
import { HISTORY_SHAPES } from './histories.ts'
import { PATH_STATES, applyStates } from './path-states.ts'
import { replayExisting } from './replay-existing.ts'
import { replay } from './replay.ts'
import { HOOK_COMMAND, createTestRepository } from './test-repository.ts'
import { tryHook } from './try-hook.ts'

const COMMITS = 200
const MOST_STATES = 8
const LONGEST_HOOK_MS = 500

/**
 * Histories of 200 commits with the hook on: the last ones of the repositories that are named, or else
 * three that are made up, one of them of 21,000 files. Then as many rounds of a hook in a random state of
 * a repository, killed at a random moment and then not.
 */
export const hooksSuite: LongSuite = {
  rounds: 500,
  async run(options) {
    const random = createRandom(options.seed)
    const { repositories = [] } = options
    const replayed =
      repositories.length > 0 ? replayNamed(options, repositories) : replayAll(options, random)
    const tried = await tryStates(options, random)
    return {
      figures: { ...replayed.figures, ...tried.figures },
      faults: [...replayed.faults, ...tried.faults],
    }
  },
}

interface Found {
  readonly figures: Record<string, number>
  readonly faults: string[]
}

function replayAll({ root }: SuiteOptions, random: () => number): Found {
  const figures: Record<string, number> = {}
  const faults: string[] = []
  for (const shape of HISTORY_SHAPES) {
    const directory = join(root, shape.name)
    mkdirSync(directory)
    const report = replay({ shape, commits: COMMITS, random, root: directory })
    figures[`${shape.name}Commits`] = report.commits
    figures[`${shape.name}Contents`] = report.contents
    figures[`${shape.name}Runs`] = report.runs
    faults.push(...report.faults.map((fault) => `${shape.name}: ${fault}`))
    rmSync(directory, { recursive: true, force: true })
  }
  return { figures, faults }
}

function replayNamed({ root, forMs }: SuiteOptions, repositories: readonly string[]): Found {
  const figures: Record<string, number> = {}
  const faults: string[] = []
  for (const [at, repository] of repositories.entries()) {
    const directory = join(root, `repository-${at}`)
    mkdirSync(directory)
    const startedMs = performance.now()
    const report = replayExisting({ repository, commits: COMMITS, forMs, root: directory })
    const seconds = Math.round((performance.now() - startedMs) / 1_000)
    for (const [name, value] of Object.entries({ ...report, seconds })) {
      if (typeof value === 'number') figures[`repository-${at}-${name}`] = value
    }
    faults.push(...report.faults.map((fault) => `${repository}: ${fault}`))
    rmSync(directory, { recursive: true, force: true })
  }
  return { figures, faults }
}

async function tryStates(options: SuiteOptions, random: () => number): Promise<Found> {
  const { rounds, forMs, root } = options
  const figures = { rounds: 0, hooks: 0, kills: 0 }
  const faults: string[] = []
  const endsAtMs = performance.now() + forMs
  for (; figures.rounds < rounds && performance.now() < endsAtMs; figures.rounds += 1) {
    const states = Array.from(
      { length: 1 + Math.floor(random() * MOST_STATES) },
      () => PATH_STATES[Math.floor(random() * PATH_STATES.length)] ?? 'clean',
    )
    const directory = join(root, `round-${figures.rounds}`)
    mkdirSync(directory)
    const repository = createTestRepository(directory, states.length)
    applyStates(repository, states)
    for (const killAfterMs of [random() * LONGEST_HOOK_MS, random() * LONGEST_HOOK_MS, undefined]) {
      const report = await tryHook({ repository, command: HOOK_COMMAND, killAfterMs })
      figures.hooks += 1
      figures.kills += report.wasKilled ? 1 : 0
      faults.push(...report.faults.map((fault) => `[${states.join(', ')}]: ${fault}`))
    }
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
  }
  return { figures, faults }
}

/** The same numbers for the same seed (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
