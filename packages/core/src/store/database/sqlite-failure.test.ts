import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from './open-database.ts'
import { sqliteFailure } from './sqlite-failure.ts'

const LOCKS = '/proc/locks'

test.runIf(existsSync(LOCKS))('naming a failure drops no lock of this process', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'failure-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'cache.db')
  using database = await openDatabase(file)
  database.exec('CREATE TABLE items (name TEXT)')
  const before = countLocks(directory)

  const failure = sqliteFailure(Object.assign(new Error('disk I/O error'), { errcode: 10 }), file)

  expect(failure).toMatchObject({ code: 'DATABASE_UNAVAILABLE' })
  expect(before).toBeGreaterThan(0)
  expect(countLocks(directory)).toBe(before)
})

test('a file that is not there is what a failure is named after', () => {
  const error = Object.assign(new Error('unable to open database file'), { errcode: 14 })

  expect(sqliteFailure(error, '/nowhere/cache.db')).toMatchObject({
    code: 'IO_FAILED',
    message: expect.stringContaining('ENOENT'),
  })
})

test.each([
  // What a flipped bit in the text of the schema makes of statements that are right.
  ['foreign key mismatch - "entry_blobs" referencing "cache_entries"', 1, 'DATABASE_CORRUPT'],
  ['table cache_entries has no column named blob_path', 1, 'DATABASE_CORRUPT'],
  ['no such function: mbx', 1, 'DATABASE_CORRUPT'],
  ['database disk image is malformed', 11, 'DATABASE_CORRUPT'],
  ['disk I/O error', 4874, 'DISK_FULL'],
  ['disk I/O error', 778, 'DATABASE_UNAVAILABLE'],
])('%j with the number %i is %s', (message, errcode, code) => {
  const error = Object.assign(new Error(message), { code: 'ERR_SQLITE_ERROR', errcode })

  expect(sqliteFailure(error, import.meta.filename)).toMatchObject({ code, cause: error })
})

test.each(['near "SELCT": syntax error', 'cannot start a transaction within a transaction'])(
  '%j is a mistake of ours, and passed through',
  (message) => {
    const error = Object.assign(new Error(message), { code: 'ERR_SQLITE_ERROR', errcode: 1 })

    expect(sqliteFailure(error, import.meta.filename)).toBe(error)
  },
)

/** Those of this process on the files of one directory: what else runs here may lock other files meanwhile. */
function countLocks(directory: string): number {
  const inodes = readdirSync(directory).map((name) => `${statSync(join(directory, name)).ino}`)
  return readFileSync(LOCKS, 'utf8')
    .split('\n')
    .map((line) => line.split(/ +/))
    .filter((words) => words.includes(String(process.pid)))
    .filter((words) => words.some((word) => inodes.includes(word.split(':')[2] ?? ''))).length
}
