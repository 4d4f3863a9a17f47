import type { Database } from './database.ts'

/** Raised with every change of the tables below; kept in `PRAGMA user_version`. */
export const SCHEMA_VERSION = 1

/*
 * Times are milliseconds since 1970, digests are raw bytes, keys are hexadecimal.
 *
 * `blobs.refs` counts the entries that need a blob; triggers keep it and the row of totals, so that
 * statistics and the decision to evict cost the same with ten entries and with ten million.
 * Blob numbers are never used twice: the stat cache names blobs by number, and a number that is
 * gone must not come to mean another blob.
 */
const TABLES = `
CREATE TABLE cache_entries (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  hash TEXT NOT NULL,
  scope TEXT NOT NULL,
  task TEXT NOT NULL,
  metadata TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  accessed_at INTEGER NOT NULL,
  expires_at INTEGER,
  size INTEGER NOT NULL,
  blob_path TEXT NOT NULL,
  hits INTEGER NOT NULL DEFAULT 0,
  strategy TEXT NOT NULL,
  UNIQUE (hash, scope)
);
CREATE INDEX idx_accessed ON cache_entries (accessed_at);
CREATE INDEX idx_expires ON cache_entries (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX idx_task ON cache_entries (task, created_at);
CREATE INDEX idx_lru ON cache_entries (strategy, accessed_at);
CREATE INDEX idx_lfu ON cache_entries (strategy, hits, accessed_at);
CREATE INDEX idx_fifo ON cache_entries (strategy, created_at);

CREATE TABLE blobs (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  digest BLOB NOT NULL UNIQUE,
  size INTEGER NOT NULL,
  refs INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL
);
CREATE INDEX idx_unreferenced ON blobs (created_at) WHERE refs = 0;

CREATE TABLE entry_blobs (
  entry INTEGER NOT NULL REFERENCES cache_entries (number) ON DELETE CASCADE,
  blob INTEGER NOT NULL REFERENCES blobs (number),
  PRIMARY KEY (entry, blob)
) WITHOUT ROWID;
CREATE INDEX idx_entries_of_blob ON entry_blobs (blob);

CREATE TABLE contents (
  digest BLOB PRIMARY KEY,
  blob INTEGER NOT NULL REFERENCES blobs (number) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX idx_contents_of_blob ON contents (blob);

CREATE TABLE stat_cache (
  directory TEXT PRIMARY KEY,
  listing BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE git_contents (
  git_id TEXT NOT NULL,
  algorithm TEXT NOT NULL,
  digest BLOB NOT NULL,
  PRIMARY KEY (git_id, algorithm)
) WITHOUT ROWID;

CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  pid INTEGER NOT NULL,
  host TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  staging TEXT
);

CREATE TABLE totals (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  entries INTEGER NOT NULL,
  entry_bytes INTEGER NOT NULL,
  stored_bytes INTEGER NOT NULL,
  hits INTEGER NOT NULL,
  misses INTEGER NOT NULL,
  saves INTEGER NOT NULL,
  evictions INTEGER NOT NULL,
  saved_ms INTEGER NOT NULL
);
INSERT INTO totals VALUES (1, 0, 0, 0, 0, 0, 0, 0, 0);

CREATE TRIGGER entry_added AFTER INSERT ON cache_entries BEGIN
  UPDATE totals SET entries = entries + 1, entry_bytes = entry_bytes + new.size;
END;
CREATE TRIGGER entry_removed AFTER DELETE ON cache_entries BEGIN
  UPDATE totals SET entries = entries - 1, entry_bytes = entry_bytes - old.size;
END;
CREATE TRIGGER blob_added AFTER INSERT ON blobs BEGIN
  UPDATE totals SET stored_bytes = stored_bytes + new.size;
END;
CREATE TRIGGER blob_removed AFTER DELETE ON blobs BEGIN
  UPDATE totals SET stored_bytes = stored_bytes - old.size;
END;
CREATE TRIGGER blob_needed AFTER INSERT ON entry_blobs BEGIN
  UPDATE blobs SET refs = refs + 1 WHERE number = new.blob;
END;
CREATE TRIGGER blob_released AFTER DELETE ON entry_blobs BEGIN
  UPDATE blobs SET refs = refs - 1 WHERE number = old.blob;
END;
`

/** Creates the tables of an empty database; must run inside a transaction. */
export function createTables(database: Database): void {
  database.exec(TABLES)
  database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`)
}
