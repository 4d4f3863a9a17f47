import { fstatSync } from 'node:fs'

/**
 * Whether what is written to a descriptor goes to the journal of systemd, which others than this user may read. The
 * variable alone does not say so: whatever a service starts inherits it.
 * @param journal JOURNAL_STREAM: `device:inode`.
 */
export function isJournal(descriptor: number, journal: string | undefined): boolean {
  if (journal === undefined) return false
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true })
    return journal === `${dev}:${ino}`
  } catch {
    return false
  }
}
