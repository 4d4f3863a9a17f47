const LAST_MOMENT_MS = 8.64e15

/** Whether milliseconds since 1970 are so few that a date can be made of them. */
export function isMoment(timeMs: number): boolean {
  return timeMs <= LAST_MOMENT_MS
}
