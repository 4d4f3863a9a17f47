import type { ErrorCode, RunEvent } from '@taskvault/core'
import { onOneLine } from './one-line.ts'

type Trouble = RunEvent & { readonly kind: 'trouble' }

/** What to say of trouble that the cache has with a task: of each kind, once; undefined after that. */
export function createTroubleWarnings(): (task: string, trouble: Trouble) => string | undefined {
  const warned = new Set<ErrorCode>()
  return (task, { code, message, hint }) => {
    if (warned.has(code)) return undefined
    warned.add(code)
    const advice = hint === undefined ? '' : `\nhint: ${hint}`
    return `warning: ${task}: ${onOneLine(message)}${advice}`
  }
}
