import { readFileSync } from 'node:fs'
import { systemErrorCode } from '../../errors.ts'

/** Whether a process of this machine has not come to its end, as far as one may know. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !hasEnded(readState(pid))
  } catch (error) {
    // It is there, and somebody else's.
    return systemErrorCode(error) === 'EPERM'
  }
}

/**
 * Whether a process has ended and nobody has asked how, by its line of `/proc/PID/stat`: in containers, that may
 * stay so for ever. One that is being killed looks the same while a thread of it is still in a system call.
 */
export function hasEnded(line: string): boolean {
  // After the name, which may hold anything, comes the state; the number of threads is the 17th from there.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' && fields[17] === '1'
}

/** Empty where there is no `/proc`. */
function readState(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return ''
  }
}
