import type { Verdict } from '../measure/judge.ts'
import type { Metric, Target } from '../measure/row.ts'

/** A figure with its unit, three digits or so. */
export function renderFigure(metric: Metric, value: number): string {
  switch (metric) {
    case 'wallMs':
    case 'cpuMs':
    case 'p50Ms':
      return renderTime(value)
    case 'rssBytes':
      return `${(value / 1024 ** 2).toFixed(0)} MiB`
    case 'storedBytes':
    case 'wholeBytes':
      return renderBytes(value)
    case 'opsPerSecond':
      return `${digits(value)}/s`
    default:
      throw new Error(`no unit for ${String(metric satisfies never)}`)
  }
}

/** What a target asks for, as in the table of targets. */
export function renderTarget(target: Target): string {
  const sign = target.bound === 'at-most' ? '≤' : '≥'
  const what = target.metric === 'wallMs' ? '' : ` ${METRIC_NAMES[target.metric]}`
  const peer = target.peer ?? ''
  if (target.kind === 'ratio') return `${sign} ${digits(target.value)}× \`${peer}\`${what}`
  if (target.kind === 'limit') return `${sign} ${renderFigure(target.metric, target.value)}${what}`
  return `${sign} \`${peer}\` + ${renderFigure(target.metric, target.value)}${what}`
}

/** What was reached, in the terms of the target; the median of the pairs in brackets. */
export function renderReached({ target, reached, pairedRatio }: Verdict): string {
  if (reached === undefined) return 'not measured'
  if (target.kind === 'limit') return renderFigure(target.metric, reached)
  if (target.kind === 'difference') return `+ ${renderFigure(target.metric, reached)}`
  return `${digits(reached)}× (pairs ${digits(pairedRatio ?? Number.NaN)}×)`
}

/** Whether a target was reached, and by how much not. */
export function renderVerdict({ target, reached, isMet }: Verdict): string {
  if (isMet === undefined || reached === undefined) return 'not measured'
  if (isMet) return 'reached'
  const apart = Math.abs(reached - target.value) / target.value
  return `**missed** by ${(apart * 100).toFixed(0)} %`
}

const METRIC_NAMES: Readonly<Record<Metric, string>> = {
  wallMs: 'wall',
  cpuMs: 'processor time',
  rssBytes: 'resident',
  storedBytes: 'bytes stored',
  wholeBytes: 'bytes with the index',
  opsPerSecond: 'operations a second',
  p50Ms: 'median',
}

function renderTime(ms: number): string {
  if (Math.abs(ms) >= 1000) return `${(ms / 1000).toFixed(2)} s`
  if (Math.abs(ms) > 0 && Math.abs(ms) < 0.1) return `${digits(ms * 1000)} µs`
  return `${digits(ms)} ms`
}

function renderBytes(bytes: number): string {
  if (Math.abs(bytes) >= 1e6) return `${(bytes / 1e6).toFixed(1)} MB`
  if (Math.abs(bytes) >= 1000) return `${(bytes / 1000).toFixed(0)} kB`
  return `${bytes} B`
}

/** Two decimals below ten, one below a hundred, none above. */
function digits(value: number): string {
  if (Math.abs(value) >= 100) return value.toFixed(0)
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(value % 1 === 0 ? 0 : 2)
}
