import { fstatSync } from 'node:fs'
import { isatty } from 'node:tty'

/** Whether a descriptor is a terminal; only devices for characters can be, and to ask further is dear. */
export function isTerminal(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isCharacterDevice() && isatty(descriptor)
  } catch {
    return false
  }
}
