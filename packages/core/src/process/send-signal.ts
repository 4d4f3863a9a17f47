import { systemErrorCode } from '../errors.ts'

/** Whether a process can lead a group that signals reach as a whole. */
export const hasProcessGroups: boolean = process.platform !== 'win32'

/**
 * Sends a signal to a process, or to the whole group that it leads. A process that is gone gets none.
 * @throws the system's error when it refuses for another reason.
 */
export function sendSignal(pid: number, signal: NodeJS.Signals, to: 'process' | 'group'): void {
  try {
    process.kill(to === 'group' && hasProcessGroups ? -pid : pid, signal)
  } catch (error) {
    if (systemErrorCode(error) !== 'ESRCH') throw error
  }
}
