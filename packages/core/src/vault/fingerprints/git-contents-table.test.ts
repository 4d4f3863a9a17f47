import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { TaskVaultError } from '../../errors.ts'
import { openBlake3 } from '../../hashing/blake3.ts'
import { sha256 } from '../../hashing/sha256.ts'
import type { Database } from '../../store/database/database.ts'
import { openDatabase } from '../../store/database/open-database.ts'
import { createTables } from '../../store/database/schema.ts'
import { createGitContentsTable } from './git-contents-table.ts'

test('what was read once is known, among many, and to each algorithm for itself', async () => {
  const database = await inDatabase()
  const digests = new Map(
    Array.from({ length: 5_000 }, (_, index) => [
      idOf(index),
      sha256.hash(Buffer.from(idOf(index))),
    ]),
  )

  createGitContentsTable(database, sha256).remember(digests)

  const ids = [...digests.keys(), idOf(9_999)]
  expect(createGitContentsTable(database, sha256).find(ids)).toEqual(digests)
  expect(createGitContentsTable(database, await openBlake3()).find(ids).size).toBe(0)
  expect(createGitContentsTable(database, sha256).find([]).size).toBe(0)
})

test('a row of another length than the algorithm has is not believed', async () => {
  const database = await inDatabase()
  const table = createGitContentsTable(database, sha256)

  table.remember(new Map([[idOf(1), Buffer.alloc(31)]]))

  expect(table.find([idOf(1)]).size).toBe(0)
})

test('a database that fails makes it forget', async () => {
  const working = await inDatabase()
  const table = createGitContentsTable({ ...working, prepare: fail, transaction: fail }, sha256)

  table.remember(new Map([[idOf(1), Buffer.alloc(32)]]))

  expect(table.find([idOf(1)]).size).toBe(0)
})

function fail(): never {
  throw new TaskVaultError('DATABASE_CORRUPT', 'damaged')
}

function idOf(index: number): string {
  return index.toString(16).padStart(40, '0')
}

async function inDatabase(): Promise<Database> {
  const directory = mkdtempSync(join(tmpdir(), 'taskvault-git-contents-'))
  const database = await openDatabase(join(directory, 'cache.db'))
  onTestFinished(() => {
    database[Symbol.dispose]()
    rmSync(directory, { recursive: true })
  })
  database.transaction('relaxed', () => createTables(database))
  return database
}
