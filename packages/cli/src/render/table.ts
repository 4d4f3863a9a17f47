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
  const columns = Math.max(0, ...all.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(0, ...all.map((row) => (row[column] ?? '').length)),
  )
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
