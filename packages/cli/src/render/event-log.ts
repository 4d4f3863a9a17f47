import { shortDigest } from '@taskvault/core'
import type { LogLevel, VaultEvent } from '@taskvault/core'
import { describeRebuildCause } from './findings.ts'
import { onOneLine } from './one-line.ts'
import { formatCount } from './quantities.ts'

/** One line for the log, and how much it matters. */
export interface LoggedEvent {
  readonly level: LogLevel
  readonly text: string
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

/** Whether `log_level` asks for lines that matter this much. */
export function isLogged(level: LogLevel, setting: LogLevel): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(setting)
}

/** What to write about an event; undefined for progress, which is drawn. */
export function describeEvent(event: VaultEvent): LoggedEvent | undefined {
  switch (event.kind) {
    case 'progress':
      return undefined
    case 'hit':
      return { level: 'debug', text: `debug: hit ${event.task} ${shortDigest(event.key)}` }
    case 'missed':
      return { level: 'debug', text: `debug: miss ${event.task} ${shortDigest(event.key)}` }
    case 'saved':
      return {
        level: 'debug',
        text: `debug: saved ${event.task} ${shortDigest(event.key)}, ${event.storedBytes} bytes added`,
      }
    case 'evicted':
      return { level: 'debug', text: `debug: evicted ${event.task} ${shortDigest(event.key)}` }
    case 'quarantined':
      return {
        level: 'warn',
        text: `warning: an entry of ${event.task} was damaged (${event.code}) and set aside`,
      }
    case 'rebuilt':
      return {
        level: 'warn',
        text: `warning: the index ${describeRebuildCause(event.cause)}; it was rebuilt with ${formatCount(event.entries, 'entry', 'entries')}`,
      }
    case 'remote-paused':
      return {
        level: 'debug',
        text: 'debug: skipping the remote store: it did not answer a moment ago',
      }
    case 'remote-replaced':
    case 'trouble':
      return { level: 'warn', text: `warning: ${onOneLine(event.message)}` }
  }
}
