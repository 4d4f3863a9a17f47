import type { Metric, Target } from './row.ts'

/** Ours takes at most `value` times what the peer takes. */
export function atMostTimes(value: number, peer: string, metric: Metric = 'wallMs'): Target {
  return { kind: 'ratio', bound: 'at-most', metric, peer, value }
}

/** Ours does at least `value` times what the peer does. */
export function atLeastTimes(value: number, peer: string, metric: Metric): Target {
  return { kind: 'ratio', bound: 'at-least', metric, peer, value }
}

/** Ours takes at most `value` in the metric's unit. */
export function atMost(value: number, metric: Metric): Target {
  return { kind: 'limit', bound: 'at-most', metric, value }
}

/** Ours takes at most `value`, in the metric's unit, more than the peer. */
export function atMostMore(value: number, peer: string, metric: Metric = 'wallMs'): Target {
  return { kind: 'difference', bound: 'at-most', metric, peer, value }
}

/** What any save or restore of the dependency tree may hold in memory. */
export const MEMORY_LIMIT: Target = atMost(200 * 1024 * 1024, 'rssBytes')
