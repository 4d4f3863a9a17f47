import { systemErrorCode } from '../errors.ts'

/** Whether a process can lead a group that signals reach as a whole. */
export const hasProcessGroups: boolean = process.platform !== 'win32'

/**
 * Sends a signal to a process, or to the whole group that it leads. A process that is gone gets none,
 * nor does one that has become another user's, as `sudo` does: the terminal reaches that one.
 */
export function sendSignal(pid: number, signal: NodeJS.Signals, to: 'process' | 'group'): void {
  try {
    process.kill(to === 'group' && hasProcessGroups ? -pid : pid, signal)
  } catch (error) {
    if (!['ESRCH', 'EPERM'].includes(systemErrorCode(error) ?? '')) throw error
  }
}
