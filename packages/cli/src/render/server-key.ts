import type { ServerKey } from '@taskvault/core'
import { renderExpiry } from './entry.ts'
import { onOneLine } from './one-line.ts'

/** What a key is for, in one line. */
export function renderKey(key: ServerKey, nowMs: number): string {
  const { id, name, role, project, writes, reads, addresses, expiresAtMs } = key
  const parts = [
    `${name} (${id}): ${role} of ${project}`,
    `writes ${writes}`,
    `reads ${reads.join(' ')}`,
    addresses.length === 0 ? 'from anywhere' : `from ${addresses.join(' ')}`,
    `expires ${renderExpiry(expiresAtMs, nowMs)}`,
  ]
  return onOneLine(parts.join(', '))
}
