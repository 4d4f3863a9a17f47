import { existsSync } from 'node:fs'
import { isTaskVaultError } from '../../errors.ts'
import type { RebuildCause } from '../../model/events.ts'
import type { Database } from '../database/database.ts'
import { compareTables } from '../database/schema.ts'

/**
 * What is wrong with the index at `file` that is about to be replaced. `former` is that index; undefined when it
 * is not there, or too damaged to be opened.
 */
export function findRebuildCause(file: string, former: Database | undefined): RebuildCause {
  if (former === undefined) return existsSync(file) ? 'damaged' : 'lost'
  try {
    const found = compareTables(former)
    if (found === 'none') return 'lost'
    // Damage can take tables away as well.
    return found === 'other' && isSoundOnDisk(former) ? 'other-version' : 'damaged'
  } catch (error) {
    if (isTaskVaultError(error, 'DATABASE_CORRUPT')) return 'damaged'
    throw error
  }
}

function isSoundOnDisk(database: Database): boolean {
  const rows = database.prepare('PRAGMA quick_check(1)').all()
  return rows.length === 1 && rows[0]?.['quick_check'] === 'ok'
}
