import { styleText } from 'node:util'
import type { GitHook, TaskReport } from '@taskvault/core'
import { renderSkipped } from './verdict-lines.ts'
import type { Verdict } from './verdict-lines.ts'

export interface LineOptions {
  readonly hasColour: boolean
  readonly nowMs: number
}

/** What is said of a hook that has skipped every task; empty, or whole lines. */
export function renderRecalled(
  reports: readonly TaskReport[],
  { hook, ...options }: LineOptions & { readonly hook: GitHook },
): string {
  if (reports.length === 0) return `taskvault: ${renderNothingToDo(hook)}\n`
  return reports
    .map(({ task, verdict }) =>
      verdict.kind === 'passed-before' ? `${renderPassedBefore({ task, verdict }, options)}\n` : '',
    )
    .join('')
}

export function renderNothingToDo(hook: GitHook): string {
  return `nothing to do in ${hook}`
}

/** `✓ unit_tests: skipped, passed 12 minutes ago on main by you, saved 1 min 34 s`. */
export function renderPassedBefore(
  { task, verdict }: { readonly task: string; readonly verdict: Verdict<'passed-before'> },
  { hasColour, nowMs }: LineOptions,
): string {
  const sign = hasColour ? styleText('green', '✓', { validateStream: false }) : '✓'
  return `${sign} ${task}: ${renderSkipped(verdict, nowMs)}`
}
