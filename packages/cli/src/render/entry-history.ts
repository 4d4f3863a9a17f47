import type { EntryHistory, ServerEntry, ServerWriter } from '@taskvault/core'
import { renderMoment } from './entry.ts'
import { onOneLine } from './one-line.ts'
import { formatCount } from './quantities.ts'

export interface HistoryOptions {
  /** Steps back that are shown. */
  readonly depth: number
  readonly nowMs: number
}

/** An entry, who wrote it, and below it, indented, what its job had restored. */
export function renderHistory(history: EntryHistory, { depth, nowMs }: HistoryOptions): string {
  const lines = describeEntry(history.entry, nowMs)
  return [...lines, ...describeRestored(history, { depth, nowMs })].join('\n')
}

function describeRestored(
  { entry, restored }: EntryHistory,
  { depth, nowMs }: HistoryOptions,
): readonly string[] {
  if (entry.restored.length === 0) return ['  not made from anything that was restored']
  const head = `  made from ${formatCount(entry.restored.length, 'entry', 'entries')} that its job had restored`
  if (depth === 0) return [`${head}: ask for more with --depth`]
  const shown = new Set(restored.map((each) => each.entry.id))
  const others = entry.restored.filter((id) => !shown.has(id))
  const below = restored.flatMap((each) =>
    renderHistory(each, { depth: depth - 1, nowMs }).split('\n'),
  )
  // Told of above already, removed, or not ours to see.
  const rest = others.map((id) => `entry ${onOneLine(id)}`)
  return [head, ...[...below, ...rest].map((line) => `    ${line}`)]
}

function describeEntry(entry: ServerEntry, nowMs: number): readonly string[] {
  const { id, task, key, scope, createdAtMs, isQuarantined, writer, signedBy } = entry
  const rows = [
    ['id', id],
    ['key', key],
    ['scope', scope],
    ['written', renderMoment(createdAtMs, nowMs)],
    ['by', writer === undefined ? 'somebody unverified' : describeWriter(writer)],
    ['job', writer === undefined ? '' : describeJob(writer)],
    ['signed', signedBy === undefined ? '' : `by ${signedBy}`],
  ] as const
  const title = `${task ?? '(another protocol)'}${isQuarantined ? ', quarantined' : ''}`
  return [
    onOneLine(title),
    ...rows
      .filter(([, text]) => text !== '')
      .map(([name, text]) => `  ${name.padEnd(8)}${onOneLine(text)}`),
  ]
}

function describeWriter({ issuer, subject }: ServerWriter): string {
  return `${subject} (${issuer})`
}

/** Subject and issuer stand on the line before. */
function describeJob({ claims }: ServerWriter): string {
  return Object.entries(claims)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
}
