import type { HookPlace, NotSaved, TaskReport } from '@taskvault/core'
import { describeReason, summariseReasons } from './change-reasons.ts'
import { onOneLine } from './one-line.ts'
import { formatAge, formatDuration } from './quantities.ts'
import { renderNotSaved } from './run-lines.ts'
import type { NotSavedLine } from './run-lines.ts'

/** A verdict of one kind. */
export type Verdict<Kind> = Extract<TaskReport['verdict'], { readonly kind: Kind }>

const SHOWN_PATHS = 3

/** `skipped, passed 12 minutes ago on main by you, saved 1 min 34 s`. */
export function renderSkipped(verdict: Verdict<'passed-before'>, nowMs: number): string {
  const { createdAtMs, durationMs, origin } = verdict.manifest
  const branch = origin.branch === undefined ? '' : ` on ${origin.branch}`
  const age = formatAge(nowMs - createdAtMs)
  const passed = `skipped, passed ${age}${branch}${renderWho(verdict)}`
  return onOneLine(`${passed}, saved ${formatDuration(durationMs)}`)
}

/** ` by you`, ` by ada`, ` by ada on github`; nothing of somebody unknown. */
function renderWho({ isOwn, manifest }: Verdict<'passed-before'>): string {
  const { platform = 'local', user } = manifest.origin
  const where = platform === 'local' ? '' : ` on ${platform}`
  if (isOwn) return ` by you${where}`
  return user === undefined ? where : ` by ${user}${where}`
}

/** `passed in 34.0 s`, `failed with exit code 1 after 2.1 s`. */
export function renderRan({ outcome }: Verdict<'ran'>): string {
  const { exitCode, durationMs, end } = outcome
  const took = formatDuration(durationMs)
  if (end.kind === 'signalled') return `stopped by ${end.signal} after ${took}`
  return exitCode === 0 ? `passed in ${took}` : `failed with exit code ${exitCode} after ${took}`
}

/** Why the next commit or push will run the task again; undefined when it will not, or as a matter of course. */
export function renderNotRecorded({ outcome, place }: Verdict<'ran'>): NotSavedLine | undefined {
  const { save } = outcome
  if (save.kind === 'saved') return undefined
  if (place.kind === 'unstaged' && outcome.exitCode === 0) {
    return {
      isWarning: false,
      text: 'not recorded, because the work tree differs from what was to be tested',
    }
  }
  return reworded(save)
}

function reworded(save: NotSaved): NotSavedLine | undefined {
  const line = renderNotSaved(save)
  return line && { ...line, text: line.text.replace(/^not saved/, 'not recorded') }
}

/** Where a task runs; undefined for the work tree as it is. */
export function renderPlace(place: HookPlace): string | undefined {
  switch (place.kind) {
    case 'work-tree':
      return undefined
    case 'snapshot':
      return `in a snapshot${renderDiffering(place.differing)}`
    case 'unstaged':
      return `in the work tree${renderDiffering(place.differing)}`
  }
}

function renderDiffering(paths: readonly string[]): string {
  if (paths.length === 0) return ', which holds a different commit'
  const left = paths.length - SHOWN_PATHS
  const shown = paths.slice(0, SHOWN_PATHS).join(', ')
  return onOneLine(`, because contents differ in ${shown}${left > 0 ? ` and ${left} more` : ''}`)
}

/** What `--explain` says of a task. */
export function renderDecision({ verdict }: TaskReport, nowMs: number): string {
  switch (verdict.kind) {
    case 'off':
      return 'off'
    case 'not-run':
      return `cannot run: ${onOneLine(verdict.message)}`
    case 'passed-before':
      return renderSkipped(verdict, nowMs)
    case 'would-run':
      return verdict.reasons.length === 0
        ? 'would run'
        : `would run (${summariseReasons(verdict.reasons)})`
    case 'ran':
      return renderRan(verdict)
  }
}

/** A report as JSON. */
export function toReportData({ task, mode, target, verdict }: TaskReport): unknown {
  const { source, branch } = target
  const common = {
    task,
    mode,
    branch: branch ?? null,
    source: source.kind === 'commit' ? source.commit : source.kind,
    decision: verdict.kind,
  }
  switch (verdict.kind) {
    case 'off':
      return common
    case 'not-run':
      return { ...common, message: verdict.message }
    case 'passed-before': {
      const { createdAtMs, durationMs, origin } = verdict.manifest
      return { ...common, key: verdict.key, createdAtMs, durationMs, origin }
    }
    case 'would-run': {
      const reasons = verdict.reasons.map((each) => ({ ...each, text: describeReason(each) }))
      return { ...common, key: verdict.key ?? null, reasons }
    }
    case 'ran': {
      const { key, exitCode, durationMs } = verdict.outcome
      return { ...common, key: key ?? null, exitCode, durationMs, place: verdict.place.kind }
    }
  }
}
