import type { Metric, RowResult, Sample, Target } from './row.ts'
import { median, pairedRatios } from './statistics.ts'

export interface Verdict {
  readonly target: Target
  /** Undefined when a figure or the peer is missing. */
  readonly reached: number | undefined
  /** Median of the ratios round by round; only for ratios. */
  readonly pairedRatio: number | undefined
  readonly isMet: boolean | undefined
}

/** Holds a row's figures against each of its targets. */
export function judge(row: RowResult): Verdict[] {
  return row.targets.map((target) => judgeTarget(row, target))
}

function judgeTarget(row: RowResult, target: Target): Verdict {
  const ours = figures(row.contestants[0]?.samples, target.metric)
  const peer = row.contestants.find((contestant) => contestant.name === target.peer)
  const peers = figures(peer?.samples, target.metric)
  if (ours.length === 0 || (target.kind !== 'limit' && peers.length === 0)) {
    return { target, reached: undefined, pairedRatio: undefined, isMet: undefined }
  }
  const reached = reachedBy(target, ours, peers)
  const isMet = target.bound === 'at-most' ? reached <= target.value : reached >= target.value
  const pairedRatio = target.kind === 'ratio' ? median(pairedRatios(ours, peers)) : undefined
  return { target, reached, pairedRatio, isMet }
}

function reachedBy(target: Target, ours: readonly number[], peers: readonly number[]): number {
  if (target.kind === 'ratio') return median(ours) / median(peers)
  if (target.kind === 'difference') return median(ours) - median(peers)
  return target.metric === 'rssBytes' ? Math.max(...ours) : median(ours)
}

/** The values of one metric; runs that do not yield it are left out. */
export function figures(samples: readonly Sample[] | undefined, metric: Metric): number[] {
  return (samples ?? []).flatMap((sample) => sample[metric] ?? [])
}
