import { figures } from './judge.ts'
import type { RowResult } from './row.ts'
import { growthExponent, median } from './statistics.ts'

/** What linear growth may measure as: the rest is noise and memory that no longer fits a cache. */
export const LINEAR = 1.15

export interface GrowthVerdict {
  readonly line: string
  readonly points: readonly {
    readonly size: number
    readonly wallMs: number
    readonly rssBytes: number
  }[]
  /** Exponent from point to point, what the smallest costs taken off as the fixed part. */
  readonly exponents: readonly number[]
  /** Judged on the last step, where the fixed part weighs least. */
  readonly isMet: boolean | undefined
}

/** Gathers rows into their lines and judges whether cost grows in step with size. */
export function judgeGrowth(rows: readonly RowResult[]): GrowthVerdict[] {
  const lines = new Map<string, GrowthVerdict['points'][number][]>()
  for (const { point, contestants } of rows) {
    const walls = figures(contestants[0]?.samples, 'wallMs')
    if (point === undefined || walls.length === 0) continue
    const rssBytes = Math.max(...figures(contestants[0]?.samples, 'rssBytes'))
    const points = lines.get(point.line) ?? []
    points.push({ size: point.size, wallMs: median(walls), rssBytes })
    lines.set(point.line, points)
  }
  return [...lines].map(([line, points]) => judgeLine(line, points))
}

function judgeLine(line: string, points: GrowthVerdict['points']): GrowthVerdict {
  const sorted = points.toSorted((a, b) => a.size - b.size)
  const [smallest, ...larger] = sorted.map(({ size, wallMs }) => ({ size, cost: wallMs }))
  const exponents = larger.slice(1).map((large, index) => {
    const small = larger[index] ?? large
    return growthExponent(small, large, smallest?.cost ?? 0)
  })
  const last = exponents.at(-1)
  return { line, points: sorted, exponents, isMet: last === undefined ? undefined : last <= LINEAR }
}
