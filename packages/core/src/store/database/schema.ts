import { TaskVaultError } from '../../errors.ts'
import type { Database } from './database.ts'

/** Raised with every change of the tables below; kept in `PRAGMA user_version`. */
const SCHEMA_VERSION = 1

/*
 * Times are milliseconds since 1970, digests are raw bytes, keys are hexadecimal.
 *
 * `blobs.refs` counts the entries that need a blob; triggers keep it and the row of totals, so that
 * statistics and the decision to evict cost the same with ten entries and with ten million.
 * Blob numbers are never used twice: the stat cache names blobs by number, and a number that is
 * gone must not come to mean another blob. Entries have numbers in the order of their publication,
 * which is what `fifo` goes by: clocks move. `accessed_at` only ever grows from one use to the next.
 * An entry lies in the queue of its own strategy alone: each index more is a page more in every save.
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
CREATE INDEX idx_lru ON cache_entries (accessed_at) WHERE strategy = 'lru';
CREATE INDEX idx_lfu ON cache_entries (hits, accessed_at) WHERE strategy = 'lfu';
CREATE INDEX idx_fifo ON cache_entries (number) WHERE strategy = 'fifo';

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

CREATE TABLE stat_pages (
  algorithm TEXT NOT NULL,
  first BLOB NOT NULL,
  page BLOB NOT NULL,
  PRIMARY KEY (algorithm, first)
);

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

-- Where the audit log ends: what is cut off or added behind our back shows.
CREATE TABLE audit_state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  file INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  lines INTEGER NOT NULL,
  chain TEXT NOT NULL
);
INSERT INTO audit_state VALUES (1, 1, 0, 0, '');

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

/** Names of everything that `createTables` makes. */
const NAMES: readonly string[] = [...TABLES.matchAll(/CREATE (?:TABLE|INDEX|TRIGGER) (\w+)/g)].map(
  (match) => match[1] ?? '',
)

/** A version so high was never written: it is a damaged number. */
const HIGHEST_CREDIBLE_VERSION = 1000

/**
 * Creates the tables of an empty database, and checks those of any other: that all are there, and that
 * the first page of each can be read. It costs the same for every size; more is found when it is read.
 * @throws {TaskVaultError} FORMAT_UNSUPPORTED when a later version made them; DATABASE_CORRUPT.
 */
export function ensureTables(database: Database): void {
  if (readVersion(database) === 0 && listNames(database).length === 0 && !database.isReadOnly) {
    database.transaction('durable', () => {
      // Another process may have been quicker.
      if (readVersion(database) === 0) createTables(database)
    })
  }
  checkVersion(readVersion(database))
  const present = new Set(listNames(database))
  const missing = NAMES.find((name) => !present.has(name))
  if (missing !== undefined) throw damaged(`it has no ${missing}`)
  for (const name of TABLE_NAMES) database.prepare(`SELECT 1 FROM ${name} LIMIT 1`).get()
  for (const name of ['totals', 'audit_state']) {
    if (database.prepare(`SELECT 1 FROM ${name} WHERE id = 1`).get() === undefined)
      throw damaged(`${name} is empty`)
  }
}

/**
 * Whether the tables are those that we make, to the letter and all of them. Whether others are another version's, or
 * damage, is for SQLite's own check to say, which is not made here.
 */
export function compareTables(database: Database): 'ours' | 'other' | 'none' {
  const names = listNames(database)
  if (names.length === 0) return 'none'
  const made = database
    .prepare("SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")
    .all()
  const version = readVersion(database)
  const isCredible = version > 0 && version <= HIGHEST_CREDIBLE_VERSION
  const areOurs =
    NAMES.every((name) => names.includes(name)) &&
    made.every(({ sql }) => TABLES.includes(String(sql)))
  return isCredible && (version !== SCHEMA_VERSION || !areOurs) ? 'other' : 'ours'
}

/** Creates the tables of an empty database; must run inside a transaction. */
export function createTables(database: Database): void {
  database.exec(TABLES)
  database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`)
}

const TABLE_NAMES: readonly string[] = [...TABLES.matchAll(/CREATE TABLE (\w+)/g)].map(
  (match) => match[1] ?? '',
)

function readVersion(database: Database): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0)
}

function listNames(database: Database): string[] {
  const rows = database.prepare('SELECT name FROM sqlite_schema').all()
  return rows.map((row) => String(row['name']))
}

function checkVersion(version: number): void {
  if (version === SCHEMA_VERSION) return
  if (version < SCHEMA_VERSION || version > HIGHEST_CREDIBLE_VERSION) {
    throw damaged(`its version is ${version}`)
  }
  throw new TaskVaultError(
    'FORMAT_UNSUPPORTED',
    `The index has version ${version}, not ${SCHEMA_VERSION}`,
    {
      hint: 'A newer version of TaskVault wrote it: upgrade, or use another cache directory.',
    },
  )
}

function damaged(detail: string): TaskVaultError {
  return new TaskVaultError('DATABASE_CORRUPT', `The index is damaged: ${detail}`, {
    hint: 'Run `taskvault doctor --repair`; entries are recovered from their blobs.',
  })
}
