import { systemErrorCode } from '../errors.ts'

/** Whether a process can lead a group that signals reach as a whole. */
export const hasProcessGroups: boolean = process.platform !== 'win32'

/**
 * Sends a signal to a process, or to the whole group that it leads. Does nothing if the process is gone, or if it now
 * runs as another user, as with `sudo`: the terminal signals that one.
 */
export function sendSignal(pid: number, signal: NodeJS.Signals, to: 'process' | 'group'): void {
  try {
    process.kill(to === 'group' && hasProcessGroups ? -pid : pid, signal)
  } catch (error) {
    if (!['ESRCH', 'EPERM'].includes(systemErrorCode(error) ?? '')) throw error
  }
}
