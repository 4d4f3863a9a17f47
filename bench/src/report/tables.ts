import { LINEAR, judgeGrowth } from '../measure/judge-growth.ts'
import { judge, figures } from '../measure/judge.ts'
import type { Metric, RowResult, Sample } from '../measure/row.ts'
import { median } from '../measure/statistics.ts'
import { renderFigure, renderReached, renderTarget, renderVerdict } from './format.ts'

/** One line for every target: what was asked, what was reached. */
export function renderTargets(rows: readonly RowResult[]): string {
  const header = ['Operation', 'State', 'Target', 'Reached', '']
  const lines = rows.flatMap((row) => {
    if (row.failure !== undefined) return [[row.operation, row.state, '', '', '**failed**']]
    return judge(row).map((verdict) => [
      row.operation,
      row.state,
      renderTarget(verdict.target),
      renderReached(verdict),
      renderVerdict(verdict),
    ])
  })
  return renderTable([header, ...lines])
}

/** One line for every contestant of every row: medians, and the range of wall time. */
export function renderFigures(rows: readonly RowResult[]): string {
  const header = [
    'Operation',
    'State',
    'Who',
    'Wall (range)',
    'Processor',
    'Peak memory',
    'Further',
    'n',
  ]
  const lines = rows.flatMap((row) =>
    row.contestants.map(({ name, samples }) => [
      row.operation,
      row.state,
      `\`${name}\``,
      renderRange(samples),
      renderMedian(samples, 'cpuMs'),
      renderHighest(samples, 'rssBytes'),
      renderFurther(samples),
      String(samples.length),
    ]),
  )
  return renderTable([header, ...lines])
}

/** The commands behind the names. */
export function renderCommands(rows: readonly RowResult[]): string {
  const commands = new Map<string, string>()
  for (const { contestants } of rows) {
    for (const { name, command } of contestants)
      commands.set(`${name} ${command}`, `| \`${name}\` | \`${escape(command)}\` |`)
  }
  return ['| Who | Command |', '|---|---|', ...commands.values()].join('\n')
}

/** Cost against size, one line of growth a row. */
export function renderGrowth(rows: readonly RowResult[]): string {
  const header = ['Operation', 'Size: wall, peak memory', 'Exponent from step to step', '']
  const lines = judgeGrowth(rows).map(({ line, points, exponents, isMet }) => [
    line,
    points
      .map(({ size, wallMs, rssBytes }) => {
        const cost = `${renderFigure('wallMs', wallMs)}, ${renderFigure('rssBytes', rssBytes)}`
        return `${size.toLocaleString('en')}: ${cost}`
      })
      .join('; '),
    exponents.map((exponent) => exponent.toFixed(2)).join(', '),
    isMet === undefined ? 'not measured' : isMet ? 'linear' : `**above ${LINEAR}**`,
  ])
  return renderTable([header, ...lines])
}

/** Failed rows and missing peers, with the reason of each; empty when there are none. */
export function renderGaps(rows: readonly RowResult[]): string {
  const failed = rows.flatMap(({ name, failure }) =>
    failure === undefined ? [] : [`- \`${name}\` failed: ${summarise(failure)}`],
  )
  const skipped = rows.flatMap(({ name, skipped: peers }) =>
    peers.map((peer) => `- \`${name}\` without \`${peer.name}\`: ${summarise(peer.because)}`),
  )
  return [...failed, ...skipped].join('\n')
}

function renderRange(samples: readonly Sample[]): string {
  const walls = figures(samples, 'wallMs')
  if (walls.length === 0) return ''
  const [low, high] = [Math.min(...walls), Math.max(...walls)]
  const range = `${renderFigure('wallMs', low)} to ${renderFigure('wallMs', high)}`
  return `${renderFigure('wallMs', median(walls))} (${range})`
}

function renderMedian(samples: readonly Sample[], metric: Metric): string {
  const values = figures(samples, metric)
  return values.length === 0 ? '' : renderFigure(metric, median(values))
}

function renderHighest(samples: readonly Sample[], metric: Metric): string {
  const values = figures(samples, metric)
  return values.length === 0 ? '' : renderFigure(metric, Math.max(...values))
}

function renderFurther(samples: readonly Sample[]): string {
  const parts: readonly (readonly [Metric, string])[] = [
    ['storedBytes', 'stored'],
    ['wholeBytes', 'with the index'],
    ['opsPerSecond', ''],
    ['p50Ms', 'median of one'],
  ]
  return parts
    .map(([metric, words]) => [renderMedian(samples, metric), words] as const)
    .filter(([figure]) => figure !== '')
    .map(([figure, words]) => `${figure} ${words}`.trim())
    .join(', ')
}

function renderTable([header = [], ...lines]: readonly (readonly string[])[]): string {
  const rule = header.map(() => '---')
  return [header, rule, ...lines].map((cells) => `| ${cells.map(escape).join(' | ')} |`).join('\n')
}

function escape(cell: string): string {
  return cell.replaceAll('|', String.raw`\|`)
}

/** What was said, on one line and not too long for a page. */
function summarise(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > 400 ? `${line.slice(0, 400)}…` : line
}
