import { constants } from 'node:os'
import type { CommandEnd } from './command-process.ts'

/** The status a shell would report: that of the command, or 128 and the number of the signal. */
export function exitCodeOf(end: CommandEnd): number {
  return end.kind === 'exited' ? end.exitCode : 128 + constants.signals[end.signal]
}
