import { readFileSync, writeFileSync } from 'node:fs'

/** Processor time that a process has used, in milliseconds. */
export function readCpuMs(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field is the program's name in parentheses, and may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  // Linux counts a hundred to the second for programs, whatever it does itself.
  return ticks * 10
}

/** Bytes that a process holds in memory now. */
export function readRssBytes(pid: number): number {
  return readStatus(pid, 'VmRSS')
}

/** Lets `readPeakBytes` begin anew. */
export function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

/** The most that a process has held since `resetPeak`. */
export function readPeakBytes(pid: number): number {
  return readStatus(pid, 'VmHWM')
}

function readStatus(pid: number, name: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024
}
