import { nameReason } from '@taskvault/core'
import type { ChangeReason, HitOutcome, NamedKey, TaskKey, TaskName } from '@taskvault/core'
import type { Runner } from '../runner.ts'
import { formatBytes, formatDuration, formatFiles } from './quantities.ts'

/** What became of a look-up, as the outputs say it. */
export interface Told {
  readonly task: TaskName
  /** Undefined when trouble kept it from being known. */
  readonly key: TaskKey | undefined
  /** What was put in place, be it the very result or the newest one. */
  readonly hit: HitOutcome | undefined
  /** What is there, where nothing was to be put in place. */
  readonly found?: NamedKey | undefined
  /** Keys that somebody has written, to be told instead of the digests. */
  readonly written?: { readonly primary: string; readonly matched: string }
  readonly reasons: readonly ChangeReason[]
  readonly hadTrouble: boolean
  /** Whether nobody asked. */
  readonly isDisabled: boolean
  /** Whether the log says already why it is a miss. */
  readonly isSaid?: boolean
}

/** Says in the log why a command runs, before it prints anything. */
export function tellMiss(
  runner: Runner,
  missed: Pick<Told, 'reasons' | 'hadTrouble' | 'isDisabled'>,
): void {
  const told = { ...missed, hit: undefined, key: undefined }
  for (const line of describe(told, statusOf(told))) runner.info(line)
}

export type Status = 'exact' | 'partial' | 'miss' | 'disabled' | 'error'

const SHOWN_REASONS = 10

/** Sets the outputs of the action, and writes to the page of the run what happened and why. */
export function tellOutcome(runner: Runner, told: Told): Status {
  const { task, key = '', hit, found, written } = told
  const status = statusOf(told)
  const matched = hit?.manifest.key ?? found?.key
  const outputs = {
    // Not set on a miss: workflows that know actions/cache tell three things apart by it.
    ...(matched !== undefined && { 'cache-hit': String(status === 'exact') }),
    'cache-status': status,
    'cache-primary-key': written?.primary ?? key,
    'cache-matched-key': written?.matched ?? matched ?? '',
    'inputs-hash': key,
    'should-skip': String(status === 'exact'),
    'restored-bytes': String(hit?.manifest.sizeBytes ?? 0),
    'saved-seconds': hit === undefined ? '0' : (savedMs(hit) / 1000).toFixed(1),
  }
  for (const [name, value] of Object.entries(outputs)) runner.setOutput(name, value)
  const lines = describe(told, status)
  if (told.isSaid !== true) for (const line of lines) runner.info(line)
  if (key !== '') runner.info(`key ${key}`)
  const [first = '', ...more] = lines.map(asMarkdown)
  runner.summarise(
    [
      `**${asMarkdown(written?.primary ?? task)}**: ${first}`,
      ...more.map((each) => `- ${each}`),
    ].join('\n'),
  )
  return status
}

type Decisive = Pick<Told, 'hit' | 'found' | 'key' | 'hadTrouble' | 'isDisabled'>

function statusOf({ hit, found, key, hadTrouble, isDisabled }: Decisive): Status {
  if (isDisabled) return 'disabled'
  const matched = hit?.manifest.key ?? found?.key
  if (matched !== undefined) return matched === key ? 'exact' : 'partial'
  return hadTrouble ? 'error' : 'miss'
}

function describe(
  { hit, found, written, reasons }: Pick<Told, 'hit' | 'found' | 'written' | 'reasons'>,
  status: Status,
): readonly string[] {
  // Who could not ask does not know that.
  const known = reasons.filter(({ kind }) => status !== 'error' || kind !== 'first-run')
  const why = known.slice(0, SHOWN_REASONS).map((reason) => onOneLine(nameReason(reason)))
  const left = known.length - why.length
  const all = left > 0 ? [...why, `and ${left} more`] : why
  if (found !== undefined) return [status === 'exact' ? 'it is there' : 'another one is there']
  if (status === 'disabled') return ['the cache is not used']
  if (hit === undefined)
    return [status === 'error' ? 'went on without the cache' : 'a miss', ...all]
  const what = describePutBack(hit)
  const other = written === undefined ? 'the newest entry' : onOneLine(written.matched)
  if (status === 'partial') return [`a miss; ${other} was restored (${what})`, ...all]
  const saved = formatDuration(savedMs(hit))
  return [savedMs(hit) < 100 ? `a hit (${what})` : `a hit, which saves ${saved} (${what})`]
}

/** `2 of 40 files written, 1.2 MB in all, 300.0 KB received, in 0.3 s`. */
function describePutBack({ manifest, changes, receivedBytes, tookMs }: HitOutcome): string {
  const { sizeBytes } = manifest
  const fileCount = changes.written.length + changes.unchangedCount
  const written = `${changes.written.length} of ${formatFiles(fileCount)} written`
  const files = fileCount === 0 ? [] : [written, `${formatBytes(sizeBytes)} in all`]
  const received = receivedBytes === undefined ? [] : [`${formatBytes(receivedBytes)} received`]
  return [...files, ...received, `in ${formatDuration(tookMs)}`].join(', ')
}

function savedMs({ manifest, tookMs }: HitOutcome): number {
  return Math.max(0, manifest.durationMs - tookMs)
}

/** Names of files can hold anything. */
function onOneLine(text: string): string {
  return text.replaceAll(/\p{C}/gu, ' ')
}

function asMarkdown(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]<>()#|!&~-]/g, (sign) => `&#${sign.codePointAt(0)};`)
}
