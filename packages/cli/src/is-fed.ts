import { fstatSync } from 'node:fs'

/**
 * Whether somebody may have something to say on a descriptor that is read: no terminal, and no device such as
 * /dev/null, but a pipe, a file or a socket.
 */
export function isFed(descriptor: number): boolean {
  try {
    return !fstatSync(descriptor).isCharacterDevice()
  } catch {
    return false
  }
}
