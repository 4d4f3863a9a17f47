import { nameReason } from '@taskvault/core'
import type { ChangeReason } from '@taskvault/core'
import { onOneLine } from './one-line.ts'

/** Why a key was not found, in a few words on one line that name what is different. */
export function describeReason(reason: ChangeReason): string {
  return onOneLine(nameReason(reason))
}

/** The reasons of a miss on one line; the first few of many. */
export function summariseReasons(reasons: readonly ChangeReason[]): string {
  const shown = reasons.slice(0, SHOWN_REASONS).map(describeReason)
  const left = reasons.length - shown.length
  return [...shown, ...(left > 0 ? [`and ${left} more`] : [])].join('; ')
}

const SHOWN_REASONS = 3
