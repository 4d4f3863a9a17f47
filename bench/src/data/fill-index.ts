import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** What to add to an index: the oldest entries are large, all others small. */
export interface IndexFilling {
  readonly entries: number
  readonly oldest: number
  readonly oldestBytes: number
  readonly othersBytes: number
}

const HOUR_MS = 3_600_000

/**
 * Adds entries to a vault that holds one real entry, by copying that row: saving a million through
 * the front door would take most of an hour. Indexes and triggers are put back word for word after
 * the rows. Only the oldest entries get a blob file (sparse, of the right size); no other is read.
 */
export function fillIndex(cacheDirectory: string, filling: IndexFilling): void {
  using database = new DatabaseSync(join(cacheDirectory, 'cache.db'))
  database.exec('PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -200000')
  database.exec('BEGIN')
  const dropped = dropAccessories(database)
  insertRows(database, filling)
  for (const { sql } of dropped) database.exec(sql)
  database.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)')
  createOldestBlobs(cacheDirectory, filling)
}

/** Where a fill keeps its rows apart from the real one. */
const FIRST_NUMBER = 1_000_000

function insertRows(database: DatabaseSync, filling: IndexFilling): void {
  const now = Date.now()
  const oldestAt = now - 24 * HOUR_MS
  database.exec(`
    CREATE TEMP TABLE filling AS
      WITH RECURSIVE counter (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counter WHERE n + 1 < ${filling.entries})
      SELECT n + ${FIRST_NUMBER} AS number, randomblob(32) AS digest, ${oldestAt} + n AS at,
        CASE WHEN n < ${filling.oldest} THEN ${filling.oldestBytes} ELSE ${filling.othersBytes} END AS size
      FROM counter;
    INSERT INTO blobs (number, digest, size, refs, created_at)
      SELECT number, digest, size, 1, at FROM filling;
    INSERT INTO cache_entries (number, hash, scope, task, metadata, created_at, accessed_at,
        expires_at, size, blob_path, hits, strategy)
      SELECT filling.number, lower(hex(filling.digest)), scope, task, metadata, at, at, NULL, filling.size,
        replace(blob_path, (SELECT lower(hex(digest)) FROM blobs ORDER BY number LIMIT 1), lower(hex(filling.digest))),
        0, strategy
      FROM filling, (SELECT * FROM cache_entries ORDER BY number LIMIT 1);
    INSERT INTO entry_blobs (entry, blob) SELECT number, number FROM filling;
    UPDATE totals SET
      entries = (SELECT count(*) FROM cache_entries),
      entry_bytes = (SELECT sum(size) FROM cache_entries),
      stored_bytes = (SELECT sum(size) FROM blobs);
    DROP TABLE filling`)
}

function dropAccessories(database: DatabaseSync): { sql: string }[] {
  const query = `SELECT type, name, sql FROM sqlite_master
    WHERE type IN ('index', 'trigger') AND sql IS NOT NULL`
  const accessories = database.prepare(query).all() as { type: string; name: string; sql: string }[]
  for (const { type, name } of accessories) database.exec(`DROP ${type} "${name}"`)
  return accessories
}

/** Makes the files of the entries that will go, so that evicting has something to unlink. */
export function createOldestBlobs(cacheDirectory: string, filling: IndexFilling): void {
  using database = new DatabaseSync(join(cacheDirectory, 'cache.db'), { readOnly: true })
  const query = `SELECT lower(hex(digest)) AS name FROM blobs
    WHERE number >= ${FIRST_NUMBER} ORDER BY number LIMIT ${filling.oldest}`
  for (const { name } of database.prepare(query).all() as { name: string }[]) {
    const file = join(cacheDirectory, 'blobs', name)
    writeFileSync(file, '')
    truncateSync(file, filling.oldestBytes)
  }
}

/** Entries that the index holds now. */
export function countEntries(cacheDirectory: string): number {
  using database = new DatabaseSync(join(cacheDirectory, 'cache.db'), { readOnly: true })
  const row = database.prepare('SELECT count(*) AS entries FROM cache_entries').get()
  return Number(row?.['entries'])
}
