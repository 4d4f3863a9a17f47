import { constants, copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { asTaskVaultError, isTaskVaultError } from '../../errors.ts'
import type { Database } from './database.ts'
import { openDatabase } from './open-database.ts'
import { refuseToWrite } from './refuse-to-write.ts'

/**
 * Opens an index that cannot be written to. SQLite needs a file for its shared memory beside a
 * database in WAL mode, which a read-only directory denies: then a copy is read, as it was just now.
 * @throws {TaskVaultError} as `openDatabase` does.
 */
export async function openReadOnlyDatabase(file: string): Promise<Database> {
  try {
    return await openDatabase(file, { readOnly: true })
  } catch (error) {
    if (!isTaskVaultError(error, 'PERMISSION_DENIED', 'DATABASE_UNAVAILABLE')) throw error
    return await openCopy(file)
  }
}

async function openCopy(file: string): Promise<Database> {
  const directory = mkdtempSync(join(tmpdir(), 'taskvault-index-'))
  const remove = (): void => rmSync(directory, { recursive: true, force: true })
  try {
    const copy = join(directory, 'cache.db')
    copyFileSync(file, copy, constants.COPYFILE_FICLONE)
    // Written later than the database itself, so copied later: what is torn off its end is not used.
    if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${copy}-wal`)
    // Recovering the log writes to the copy; nothing else does.
    const database = await openDatabase(copy)
    database.exec('PRAGMA query_only = ON')
    return {
      ...database,
      isReadOnly: true,
      transaction: () => {
        throw refuseToWrite(dirname(file))
      },
      followReplacement: () => false,
      [Symbol.dispose]() {
        database[Symbol.dispose]()
        remove()
      },
    }
  } catch (error) {
    remove()
    throw asTaskVaultError(error, `read ${file}`)
  }
}
