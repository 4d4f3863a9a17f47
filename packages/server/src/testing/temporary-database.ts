import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest'
import { missingPostgres, startPostgres } from '../../../../test/services/postgres.ts'
import type { PostgresService } from '../../../../test/services/postgres.ts'
import type { DatabaseOptions, OpenDatabase } from '../database/open-database.ts'
import { openDatabase } from '../database/open-database.ts'
import type { DatabaseKind } from '../database/schema.ts'

export interface DatabaseMaker {
  readonly kind: DatabaseKind
  /** The address of a new, empty database. */
  createUrl(): string
  /** A database of the running test, opened, and closed when the test ends. */
  open(options?: DatabaseOptions): Promise<OpenDatabase>
}

/** Registers the same tests for SQLite and for a real PostgreSQL. */
export function describeDatabases(register: (maker: DatabaseMaker) => void): void {
  describe('on SQLite', () => {
    register(createMaker('sqlite', temporarySqlite))
  })

  const missing = missingPostgres()
  describe.skipIf(missing !== undefined)(`on PostgreSQL${because(missing)}`, () => {
    let postgres: PostgresService | undefined
    let count = 0
    beforeAll(async () => {
      postgres = await startPostgres()
    }, 60_000)
    afterAll(async () => await postgres?.[Symbol.asyncDispose]())
    register(
      createMaker('postgres', () => {
        count += 1
        return postgres!.createDatabase(`test${count}`)
      }),
    )
  })
}

function because(missing: string | undefined): string {
  return missing === undefined ? '' : ` (${missing})`
}

/** The address of an SQLite file that is removed when the test ends. */
export function temporarySqlite(): string {
  const directory = mkdtempSync(join(tmpdir(), 'taskvault-database-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return `sqlite:${join(directory, 'server.db')}`
}

function createMaker(kind: DatabaseKind, createUrl: () => string): DatabaseMaker {
  return {
    kind,
    createUrl,
    async open(options) {
      const opened = await openDatabase(createUrl(), options)
      onTestFinished(async () => await opened[Symbol.asyncDispose]())
      return opened
    },
  }
}
