import { collectKeys, isHot } from './history.ts'
import type { HistoryEvent, KeyHistory, ProcessHistory, Violation } from './history.ts'

export interface Judgement {
  readonly violations: readonly Violation[]
  readonly hits: number
  readonly misses: number
  /** Misses of keys that everybody reads in turn, which had to go because still others were used since. */
  readonly missesInUse: number
  readonly acknowledgedSaves: number
  /** Saves that gave up with a named failure, by its code. */
  readonly refusals: Readonly<Record<string, number>>
}

export interface LoggedRemoval {
  /** By the clock of the history. */
  readonly at: number
  /** How many other entries were saved or read since this one was. */
  readonly othersUsed: number
}

/** What the store's own audit log says of removals; times as in the history. */
export interface RemovalLog {
  /** The last time that eviction, or a removal on demand, took the key between two times. */
  removedBetween(key: string, from: number, to: number): LoggedRemoval | undefined
}

type Read = HistoryEvent & { readonly kind: 'read' }

/**
 * Judges every read of a run. Each key is written by one worker at a time, so that its generations
 * follow one another; everybody reads it. A hit must be a generation that was begun, and none older
 * than the last one acknowledged before the read began. A miss needs a reason: nothing acknowledged
 * yet, or a removal that was asked for or is in the audit log. What is in use all the time goes only when
 * others were in use more.
 */
export function judge(processes: readonly ProcessHistory[], removals: RemovalLog): Judgement {
  const keys = collectKeys(processes)
  const cuts = cutRemovals(processes)
  const violations: Violation[] = []
  let [hits, misses, missesInUse] = [0, 0, 0]
  for (const event of processes.flatMap((one) => one.events)) {
    if (event.kind === 'uncaught') violations.push({ kind: 'uncaught', detail: event.message })
    if (event.kind !== 'read') continue
    if (event.outcome.kind === 'hit') hits += 1
    else misses += 1
    const key = keys.get(event.key) ?? { saves: [], invalidations: [] }
    if (isMissInUse(event, key)) missesInUse += 1
    const found = judgeRead(event, { key, removals, cuts })
    if (found !== undefined) violations.push(found)
  }
  const saves = [...keys.values()].flatMap((key) => key.saves)
  const acknowledgedSaves = saves.filter((save) => save.acknowledgedAt !== undefined).length
  return {
    violations,
    hits,
    misses,
    missesInUse,
    acknowledgedSaves,
    refusals: countRefusals(processes),
  }
}

interface Context {
  readonly key: KeyHistory
  readonly removals: RemovalLog
  /** When processes were killed that may have been removing something. */
  readonly cuts: readonly number[]
}

function judgeRead(read: Read, context: Context): Violation | undefined {
  const { outcome } = read
  return outcome.kind === 'hit'
    ? judgeHit(read, outcome.identity, context)
    : judgeMiss(read, outcome.reasons, context)
}

function judgeHit(
  read: Read,
  identity: { readonly key: string; readonly generation: number } | undefined,
  { key }: Context,
): Violation | undefined {
  if (identity === undefined)
    return { kind: 'wrong-bytes', detail: `${read.key}: bytes that nobody saved` }
  if (identity.key !== read.key)
    return { kind: 'wrong-bytes', detail: `${read.key}: the bytes of ${identity.key}` }
  const { generation } = identity
  const wasBegun = key.saves.some(
    (save) => save.generation === generation && save.beganAt <= read.at,
  )
  if (!wasBegun)
    return { kind: 'wrong-bytes', detail: `${read.key}: generation ${generation} was never saved` }
  const oldest = lastAcknowledged(key, read.beganAt)?.generation ?? -1
  if (generation >= oldest) return undefined
  return {
    kind: 'stale',
    detail: `${read.key}: generation ${generation} after ${oldest} was acknowledged`,
  }
}

function judgeMiss(
  read: Read,
  reasons: string,
  { key, removals, cuts }: Context,
): Violation | undefined {
  const last = lastAcknowledged(key, read.beganAt)
  if (last?.acknowledgedAt === undefined) return undefined
  const since = last.acknowledgedAt
  if (key.invalidations.some((at) => at >= since && at <= read.at)) return undefined
  const detail = `${read.key}: generation ${last.generation} was acknowledged, then missed (${reasons})`
  const removal = removals.removedBetween(read.key, last.beganAt, read.at)
  if (removal !== undefined) {
    const mayGo = !isHot(read.key) || removal.othersUsed >= FEWEST_OTHERS
    return mayGo ? undefined : { kind: 'evicted-in-use', detail }
  }
  // A removal takes files first and is logged last. Cut off between the two, it leaves no line.
  if (cuts.some((at) => at >= since && at <= read.at + CUT_MS)) return undefined
  return { kind: 'lost', detail }
}

/** More than the keys that are in use all the time: so one that goes was not among what was used last. */
const FEWEST_OTHERS = 12

function isMissInUse(read: Read, key: KeyHistory): boolean {
  return (
    read.outcome.kind === 'miss' &&
    isHot(read.key) &&
    lastAcknowledged(key, read.beganAt) !== undefined
  )
}

/** A file may be missed when it was removed, just before the process that did so was killed. */
const CUT_MS = 2_000

function lastAcknowledged(
  key: KeyHistory,
  before: number,
): KeyHistory['saves'][number] | undefined {
  return key.saves.findLast(
    (save) => save.acknowledgedAt !== undefined && save.acknowledgedAt < before,
  )
}

/** Times of kills within an operation that removes entries: a save evicts when the store is full. */
function cutRemovals(processes: readonly ProcessHistory[]): readonly number[] {
  return processes.flatMap(({ events, killedAt }) => {
    const last = events.at(-1)
    return killedAt !== undefined && last?.kind === 'began' ? [killedAt] : []
  })
}

function countRefusals(processes: readonly ProcessHistory[]): Readonly<Record<string, number>> {
  const refusals: Record<string, number> = {}
  for (const event of processes.flatMap((one) => one.events)) {
    if (event.kind !== 'ended' || event.outcome === 'done') continue
    refusals[event.outcome] = (refusals[event.outcome] ?? 0) + 1
  }
  return refusals
}
