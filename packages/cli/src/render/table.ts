import { onOneLine } from './one-line.ts'

export interface TableOptions {
  readonly header?: readonly string[]
  /** Columns, counted from 0, whose texts end at the same place: numbers. */
  readonly rightAligned?: readonly number[]
}

const GAP = '  '

/** Rows as lines with aligned columns, whatever is in their texts; the last column is as wide as it is. */
export function renderTable(
  rows: readonly (readonly string[])[],
  options: TableOptions = {},
): string {
  const { header, rightAligned = [] } = options
  const all = (header === undefined ? rows : [header, ...rows]).map((row) => row.map(onOneLine))
  const widths = widthsOf(all)
  const lines = all.map((row) =>
    row
      .map((text, column) =>
        rightAligned.includes(column)
          ? text.padStart(widths[column] ?? 0)
          : text.padEnd(column === row.length - 1 ? 0 : (widths[column] ?? 0)),
      )
      .join(GAP)
      .trimEnd(),
  )
  return lines.join('\n')
}

/** Of every column. There can be more rows than a call takes arguments. */
function widthsOf(rows: readonly (readonly string[])[]): readonly number[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, text] of row.entries())
      widths[column] = Math.max(widths[column] ?? 0, text.length)
  }
  return widths
}
