import { describeLeftOut, showCommand } from '@taskvault/core'
import type {
  ChangeReason,
  Command,
  HitOutcome,
  NotSaved,
  RanOutcome,
  SavedEntry,
} from '@taskvault/core'
import { summariseReasons } from './change-reasons.ts'
import { onOneLine } from './one-line.ts'
import { formatAge, formatBytes, formatCount, formatDuration } from './quantities.ts'

const SHOWN_PATHS = 5
const SHOWN_CHARACTERS = 200

/** `restored 12 files in 34 ms, 1.20 MB received, saved 1 min 02 s (passed 2 hours ago on main)`. */
export function renderRunHit(hit: HitOutcome, nowMs: number): string {
  const { changes, manifest, tookMs, receivedBytes } = hit
  const done = describeChanges(
    changes.written.length + changes.removed.length,
    changes.unchangedCount,
  )
  const saved = manifest.durationMs === 0 ? '' : `, saved ${formatDuration(manifest.durationMs)}`
  const received = receivedBytes === undefined ? '' : `, ${formatBytes(receivedBytes)} received`
  return `${done} in ${formatDuration(tookMs)}${received}${saved} (${renderProvenance(manifest, nowMs)})`
}

/** `passed 2 hours ago on main`. */
export function renderProvenance(manifest: HitOutcome['manifest'], nowMs: number): string {
  const { createdAtMs, exitCode, origin } = manifest
  const verb = exitCode === 0 ? 'passed' : `failed with exit code ${exitCode}`
  const branch = origin.branch === undefined ? '' : ` on ${origin.branch}`
  return `${verb} ${formatAge(nowMs - createdAtMs)}${branch}`
}

/** Which outputs were not as the task had left them; nothing when all were. */
export function renderPutBack({ putBack, changes }: HitOutcome): readonly string[] {
  const removed = new Set(changes.removed)
  return [
    ...listUnder(
      'put back because they had been changed',
      putBack.filter((each) => !removed.has(each)),
    ),
    ...listUnder(
      'removed because the task had not made them',
      putBack.filter((each) => removed.has(each)),
    ),
  ]
}

function listUnder(heading: string, paths: readonly string[]): readonly string[] {
  return paths.length === 0 ? [] : [`${heading}: ${onOneLine(listPaths(paths))}`]
}

/** `saved 12 files, 1.20 MB, after 1 min 02 s, and sent 300 KB`. */
export function renderRunSaved(saved: SavedEntry, ran: Pick<RanOutcome, 'durationMs'>): string {
  const size =
    saved.fileCount === 0
      ? 'the result'
      : `${countFiles(saved.fileCount)}, ${formatBytes(saved.sizeBytes)},`
  return `saved ${size} after ${formatDuration(ran.durationMs)}${describeSent(saved)}`
}

/** What was sent, or why others do not get it; trouble is told by itself. */
function describeSent({ remote }: SavedEntry): string {
  if (remote?.kind === 'sent') return `, and sent ${formatBytes(remote.sentBytes)}`
  if (remote?.kind !== 'skipped' || remote.because === undefined) return ''
  return `, for this machine only (${onOneLine(remote.because)})`
}

/** What the entry lacks, though the patterns of the outputs match it. */
export function renderLeftOut({ leftOut = [] }: SavedEntry): readonly string[] {
  const more = leftOut.length - SHOWN_PATHS
  return [
    ...leftOut.slice(0, SHOWN_PATHS).map((each) => `left out: ${onOneLine(describeLeftOut(each))}`),
    ...(more > 0 ? [`and ${more} more`] : []),
  ]
}

export interface NotSavedLine {
  /** Whether somebody should look at it, quiet or not. */
  readonly isWarning: boolean
  readonly text: string
  /** What to do about it. */
  readonly hint?: string
}

/** `warning: unit_tests: not saved: …`, and below it what to do, if somebody should look at it. */
export function renderNotSavedWarning(task: string, { text, hint }: NotSavedLine): string {
  return `warning: ${task}: ${onOneLine(text)}${hint === undefined ? '' : `\nhint: ${hint}`}`
}

/** Why a result was not saved. Undefined when that was said before, or goes without saying. */
export function renderNotSaved(notSaved: NotSaved): NotSavedLine | undefined {
  switch (notSaved.because) {
    case 'trouble':
    case 'failed':
    case 'interrupted':
      return undefined
    case 'no-save':
    case 'read-only':
      return { isWarning: false, text: `not saved, as --${notSaved.because} asks` }
    case 'policy':
      return {
        isWarning: false,
        text: 'not saved: the policy lets this task, branch or fork only read',
      }
    case 'not-writable':
      return { isWarning: false, text: 'not saved: this user may not write to the cache' }
    case 'output-unread':
      return { isWarning: false, text: 'not saved: its output was not read to the end' }
    case 'secret-noted':
      return {
        isWarning: true,
        text: 'not saved: what it wrote for the CI runner contains a secret',
      }
    case 'notes-too-large':
      return { isWarning: true, text: 'not saved: it wrote more than 4 MB for the CI runner' }
    case 'inputs-changed':
      return {
        isWarning: true,
        text: `not saved: ${describeChangedInputs(notSaved)}`,
        ...(isMadeByTask(notSaved) && { hint: NAME_OUTPUTS }),
      }
    case 'output-missing':
      return { isWarning: true, text: `not saved: ${notSaved.message}` }
    case 'too-large':
      return {
        isWarning: true,
        text: `not saved: its outputs have ${formatBytes(notSaved.sizeBytes)}, more than ${describeLimit(notSaved)}`,
        hint: 'Raise max_size_bytes for the task under `policies`, or leave something out of its outputs.',
      }
  }
}

/** `npm test (changed: src/a.ts)`; trouble with the cache is told by itself, as a warning. */
export function renderRunning(command: Command, reasons: readonly ChangeReason[]): string {
  const line = onOneLine(showCommand(command).trim())
  const shown = line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line
  const because = reasons.filter((reason) => reason.kind !== 'unavailable')
  return because.length === 0 ? shown : `${shown} (${onOneLine(summariseReasons(because))})`
}

function describeChangedInputs({
  changes,
  leftOut,
}: Extract<NotSaved, { readonly because: 'inputs-changed' }>): string {
  const told = `inputs changed while it ran (${onOneLine(summariseReasons(changes))})`
  return leftOut === undefined ? told : `${told}: ${onOneLine(describeLeftOut(leftOut))}`
}

const NAME_OUTPUTS =
  'If the task makes such files, name them as its outputs, or leave them out of its inputs with `!`.'

/** Whether files came, of which nothing else is said. */
function isMadeByTask({
  changes,
  leftOut,
}: Extract<NotSaved, { readonly because: 'inputs-changed' }>): boolean {
  return leftOut === undefined && changes.some(({ kind }) => kind === 'file-added')
}

/** Who reads it has the policies at hand, and finds there what to change. */
function describeLimit({ limitBytes }: { readonly limitBytes: number | undefined }): string {
  return limitBytes === undefined
    ? 'max_size_bytes of its policy allows'
    : `the ${formatBytes(limitBytes)} that max_size_bytes of its policy allows`
}

function describeChanges(changed: number, unchanged: number): string {
  if (changed > 0) return `restored ${countFiles(changed)}`
  return unchanged > 0 ? `${countFiles(unchanged)} already in place` : 'nothing to restore'
}

function countFiles(count: number): string {
  return formatCount(count, 'file', 'files')
}

function listPaths(paths: readonly string[]): string {
  const shown = paths.slice(0, SHOWN_PATHS).join(', ')
  return paths.length > SHOWN_PATHS ? `${shown} and ${paths.length - SHOWN_PATHS} more` : shown
}
