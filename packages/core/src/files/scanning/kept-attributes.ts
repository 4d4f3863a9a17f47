/*
 * What a system keeps of modes and times. Windows knows of a mode only whether a file may be written to, and
 * of a directory's nothing; Node sets times there to 1.6 µs, and what was read would not come back.
 */

const WINDOWS_STEP_US = 10

/** A time as `lstat` gives it, in whole microseconds that come back when they are set and read again. */
export function toMicroseconds(
  milliseconds: number,
  platform: NodeJS.Platform = process.platform,
): number {
  if (platform !== 'win32') return Math.round(milliseconds * 1_000)
  return Math.round((milliseconds * 1_000) / WINDOWS_STEP_US) * WINDOWS_STEP_US
}

/** Whether a file that was given one time may be found with the other. */
export function isSameTime(
  wantedUs: number,
  foundUs: number,
  platform: NodeJS.Platform = process.platform,
): boolean {
  if (platform !== 'win32') return wantedUs === foundUs
  return Math.abs(wantedUs - foundUs) < WINDOWS_STEP_US
}

/** Whether something that was given one mode may be found with the other. */
export function isSameMode(
  kind: 'file' | 'directory',
  [wanted, found]: readonly [wanted: number, found: number],
  platform: NodeJS.Platform = process.platform,
): boolean {
  if (platform !== 'win32') return wanted === found
  return kind === 'directory' || (wanted & 0o200) === (found & 0o200)
}
