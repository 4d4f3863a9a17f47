import { renameSync } from 'node:fs'
import { systemErrorCode } from '../errors.ts'
import { pause } from './pause.ts'

const HELD_CODES: readonly (string | undefined)[] = ['EPERM', 'EBUSY', 'EACCES']
const PAUSES_MS = [10, 20, 40, 80, 160, 320]

export interface RenameOptions {
  readonly platform?: NodeJS.Platform
  readonly rename?: (from: string, to: string) => void
}

/**
 * Gives what was just written its name. Virus scanners for Windows open such files, which keeps them from being
 * renamed for a moment: so it is tried for 0.6 s there. Throws errors of the operating system.
 */
export function renameWritten(from: string, to: string, options: RenameOptions = {}): void {
  const { platform = process.platform, rename = renameSync } = options
  for (const pauseMs of platform === 'win32' ? PAUSES_MS : []) {
    try {
      return rename(from, to)
    } catch (error) {
      if (!HELD_CODES.includes(systemErrorCode(error))) throw error
    }
    pause(pauseMs)
  }
  rename(from, to)
}
