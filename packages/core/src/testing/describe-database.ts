import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { Database } from '../store/database/database.ts'
import { openDatabase } from '../store/database/open-database.ts'
import type { DatabaseOptions } from '../store/database/open-database.ts'
import { loadSqliteDriver } from '../store/database/sqlite-driver.ts'
import type { SqliteDriverName } from '../store/database/sqlite-driver.ts'

/** What `Database` promises, over one of the bindings. */
export function describeDatabase(driverName: SqliteDriverName): void {
  describe(`a database through ${driverName}`, () => {
    let file = ''

    beforeEach(() => {
      const directory = mkdtempSync(join(tmpdir(), 'taskvault-database-'))
      onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
      file = join(directory, 'cache.db')
    })

    async function open(options: DatabaseOptions = {}): Promise<Database> {
      const database = await openDatabase(file, {
        driver: await loadSqliteDriver(driverName),
        ...options,
      })
      onTestFinished(() => closeQuietly(database))
      return database
    }

    async function openWithTable(): Promise<Database> {
      const database = await open()
      database.exec('CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT UNIQUE, bytes BLOB)')
      return database
    }

    test('gives back what was written, with the types it had', async () => {
      const database = await openWithTable()
      const bytes = Uint8Array.from([0, 255, 10])

      const { changes, lastInsertRowid } = database
        .prepare('INSERT INTO things VALUES (?, ?, ?)')
        .run(2 ** 52, 'ü\0\n', bytes)
      const row = database.prepare('SELECT *, NULL AS absent FROM things').get()

      expect([changes, lastInsertRowid]).toEqual([1, 2 ** 52])
      expect({ ...row, bytes: Buffer.from(row?.['bytes'] as Uint8Array) }).toEqual({
        id: 2 ** 52,
        name: 'ü\0\n',
        bytes: Buffer.from(bytes),
        absent: null,
      })
      expect(database.prepare('SELECT * FROM things WHERE id = ?').get(1)).toBeUndefined()
      expect(database.prepare('SELECT * FROM things WHERE id = ?').all(1)).toEqual([])
    })

    test('may be closed twice', async () => {
      const database = await openWithTable()

      database[Symbol.dispose]()

      expect(() => database[Symbol.dispose]()).not.toThrow()
    })

    test('rolls back what a throwing transaction did, and goes on', async () => {
      const database = await openWithTable()
      const insert = database.prepare('INSERT INTO things (name) VALUES (?)')

      expect(() =>
        database.transaction('relaxed', () => {
          insert.run('lost')
          throw new Error('stop')
        }),
      ).toThrow('stop')
      database.transaction('durable', () => insert.run('kept'))

      expect(
        database
          .prepare('SELECT name FROM things')
          .all()
          .map((row) => row['name']),
      ).toEqual(['kept'])
    })

    test('does not nest transactions', async () => {
      const database = await openWithTable()

      expect(() =>
        database.transaction('relaxed', () => database.transaction('relaxed', () => 1)),
      ).toThrow('do not nest')
      expect(database.transaction('relaxed', () => 2)).toBe(2)
    })

    test('synchronizes with the disk as much as a transaction asks for', async () => {
      const database = await openWithTable()
      const level = database.prepare('PRAGMA synchronous')

      const levels = (['durable', 'relaxed', 'durable'] as const).map((durability) =>
        database.transaction(durability, () => level.get()?.['synchronous']),
      )

      expect(levels).toEqual([2, 1, 2])
    })

    test('trusts nothing in the file, and maps nothing into memory', async () => {
      const database = await open()
      const read = (name: string): unknown =>
        Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]

      expect(read('journal_mode')).toBe('wal')
      expect(read('foreign_keys')).toBe(1)
      expect(read('trusted_schema')).toBe(0)
      expect(read('busy_timeout')).toBe(5_000)
      // Not compiled in, or off.
      expect(read('mmap_size') ?? 0).toBe(0)
    })

    test('two connections see each other, and one waits for the other', async () => {
      const first = await openWithTable()
      const second = await open()

      first.transaction('relaxed', () =>
        first.prepare('INSERT INTO things (name) VALUES (?)').run('a'),
      )

      expect(second.prepare('SELECT count(*) AS n FROM things').get()).toEqual({ n: 1 })
    })

    test('is DATABASE_BUSY when another connection keeps the lock', async () => {
      const first = await openWithTable()
      const second = await open()
      second.exec('PRAGMA busy_timeout = 20')

      const attempt = (): unknown =>
        first.transaction('relaxed', () => second.transaction('relaxed', () => 1))

      expect(attempt).toThrow(expect.objectContaining({ code: 'DATABASE_BUSY' }))
    })

    test('what was committed survives the death of the process', () => {
      const child = spawnSync(process.execPath, [
        '--input-type=module',
        '-e',
        `import { openDatabase } from ${JSON.stringify(new URL('../store/database/open-database.ts', import.meta.url).href)}
         import { loadSqliteDriver } from ${JSON.stringify(new URL('../store/database/sqlite-driver.ts', import.meta.url).href)}
         const database = await openDatabase(${JSON.stringify(file)}, { driver: await loadSqliteDriver('${driverName}') })
         database.exec('CREATE TABLE things (id INTEGER PRIMARY KEY)')
         database.transaction('relaxed', () => database.prepare('INSERT INTO things VALUES (7)').run())
         process.kill(process.pid, 'SIGKILL')`,
      ])

      expect(child.signal).toBe('SIGKILL')
      return expect(
        open().then((database) => database.prepare('SELECT id FROM things').all()),
      ).resolves.toEqual([{ id: 7 }])
    })

    test('is DATABASE_CORRUPT when the file is none, and says so through onCorrupt', async () => {
      writeFileSync(
        file,
        'this is not a database, and long enough to be read as a header '.repeat(20),
      )
      let isReported = false

      const attempt = open({ onCorrupt: () => (isReported = true) })

      await expect(attempt).rejects.toMatchObject({ code: 'DATABASE_CORRUPT' })
      expect(isReported).toBe(true)
    })

    test('is DATABASE_CORRUPT when the file was cut off', async () => {
      const database = await openWithTable()
      const insert = database.prepare('INSERT INTO things (name, bytes) VALUES (?, ?)')
      database.transaction('relaxed', () => {
        for (let index = 0; index < 100; index += 1)
          insert.run(`name ${index}`, new Uint8Array(1000))
      })
      database[Symbol.dispose]()
      truncateSync(file, 3 * 4096)

      const attempt = open().then((damaged) =>
        damaged.prepare('SELECT sum(length(bytes)) FROM things').all(),
      )

      await expect(attempt).rejects.toMatchObject({ code: 'DATABASE_CORRUPT' })
    })

    test('is DATABASE_CORRUPT when it has other tables than the statements', async () => {
      const database = await open()

      expect(() => database.prepare('SELECT * FROM nothing_here').get()).toThrow(
        expect.objectContaining({ code: 'DATABASE_CORRUPT' }),
      )
    })

    test('refuses to write when it is open for reading', async () => {
      const writable = await openWithTable()
      const database = await open({ readOnly: true })

      expect(database.isReadOnly).toBe(true)
      expect(database.prepare('SELECT count(*) AS n FROM things').get()).toEqual({ n: 0 })
      expect(() => database.transaction('relaxed', () => 1)).toThrow(
        expect.objectContaining({ code: 'PERMISSION_DENIED' }),
      )
      expect(() => database.prepare('DELETE FROM things').run()).toThrow(
        expect.objectContaining({ code: 'PERMISSION_DENIED' }),
      )
      writable[Symbol.dispose]()
    })

    test('says that the directory is not there', async () => {
      file = join(file, 'nowhere', 'cache.db')

      await expect(open()).rejects.toMatchObject({ code: 'IO_FAILED', message: /ENOENT/ })
    })

    test('follows the file that has taken its name, with the same statements', async () => {
      const database = await openWithTable()
      const count = database.prepare('SELECT count(*) AS n FROM things')
      database.prepare('INSERT INTO things (name) VALUES (?)').run('in the old file')
      expect(count.get()).toEqual({ n: 1 })
      const other = await openDatabase(`${file}.new`, {
        driver: await loadSqliteDriver(driverName),
      })
      other.exec('CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT)')
      other[Symbol.dispose]()
      for (const suffix of ['-wal', '-shm']) renameSync(file + suffix, `${file}.old${suffix}`)
      renameSync(`${file}.new`, file)

      expect(database.followReplacement()).toBe(true)

      expect(count.get()).toEqual({ n: 0 })
      expect(database.followReplacement()).toBe(false)
    })

    test('the end of an old connection leaves the log of the file that took its name alone', async () => {
      const old = await openWithTable()
      const other = await openDatabase(`${file}.new`, {
        driver: await loadSqliteDriver(driverName),
      })
      other.exec('CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT)')
      other[Symbol.dispose]()
      for (const suffix of ['-wal', '-shm']) renameSync(file + suffix, `${file}.old${suffix}`)
      renameSync(`${file}.new`, file)
      const current = await open()
      current.prepare('INSERT INTO things (name) VALUES (?)').run('in the log')

      old[Symbol.dispose]()

      expect(statSync(`${file}-wal`).size).toBeGreaterThan(0)
      const another = await open()
      expect(another.prepare('SELECT count(*) AS n FROM things').get()).toEqual({ n: 1 })
    })

    test('does not open a file that is being replaced', async () => {
      const gate = `${file}.rebuilding`
      const database = await open({ gate })
      writeFileSync(gate, '')
      const startedAt = performance.now()
      // Another process, because this one does nothing else while it waits.
      spawn(process.execPath, ['-e', `setTimeout(() => fs.rmSync(${JSON.stringify(gate)}), 150)`])

      expect(database.followReplacement()).toBe(true)

      expect(performance.now() - startedAt).toBeGreaterThan(150)
    })
  })
}

function closeQuietly(database: Disposable): void {
  try {
    database[Symbol.dispose]()
  } catch {
    // The test has closed it.
  }
}
