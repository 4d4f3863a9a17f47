import { hostname } from 'node:os'
import { basename } from 'node:path'
import { removeTree } from '../../files/remove-tree.ts'
import { SNAPSHOT_PREFIX, STAGING_PREFIX } from '../../files/scanning/observe-directory.ts'
import { reportTrouble } from '../report-trouble.ts'
import type { Store } from '../store.ts'
import { isAlive } from './is-alive.ts'

/**
 * Names this process among those that have the store open, on any machine. A UUID would do as well, and
 * loading what makes one takes longer than all else that opens the store.
 */
export function createSessionId(): string {
  const chance = [Math.random(), Math.random()].map((part) => part.toString(36).slice(2))
  return [process.pid.toString(36), Date.now().toString(36), ...chance].join('-')
}

/**
 * Remembers the directories that a restore or a hook works in, so that somebody clears them should
 * this process die. Best effort: without it, they would stay.
 */
export function recordStaging(store: Store, directories: readonly string[]): void {
  writeStaging(store, (recorded) => [...recorded, ...directories])
}

export function forgetStaging(store: Store, directories: readonly string[]): void {
  writeStaging(store, (recorded) =>
    recorded.filter((directory) => !directories.includes(directory)),
  )
}

/**
 * Sessions of other machines or containers are given up after so long, as nobody here can ask them; so is
 * what cannot be removed.
 */
const GIVEN_UP_MS = 7 * 24 * 60 * 60 * 1000

/** Removes what processes staged that died before they could. */
export function clearDeadSessions(store: Store): void {
  const rows = store.database
    .prepare('SELECT id, pid, host, started_at, staging FROM sessions')
    .all()
  for (const row of rows) {
    const startedAtMs = Number(row['started_at'])
    const isOurs = row['host'] === hostname()
    const isOld = Math.abs(store.now() - startedAtMs) > GIVEN_UP_MS
    if (row['id'] === store.sessionId || !(isOurs ? !isAlive(Number(row['pid'])) : isOld)) continue
    // What cannot be removed yet, a later process tries again.
    if (!clearStaging(store, parseStaging(row['staging'])) && !isOld) continue
    store.database.transaction('relaxed', () => {
      store.database.prepare('DELETE FROM sessions WHERE id = ?').run(String(row['id']))
    })
  }
}

function writeStaging(
  store: Store,
  change: (recorded: readonly string[]) => readonly string[],
): void {
  const { database, sessionId } = store
  if (database.isReadOnly) return
  try {
    database.transaction('relaxed', () => {
      const row = database.prepare('SELECT staging FROM sessions WHERE id = ?').get(sessionId)
      const staging = change(parseStaging(row?.['staging']))
      if (staging.length === 0) database.prepare('DELETE FROM sessions WHERE id = ?').run(sessionId)
      else {
        database
          .prepare(
            'INSERT OR REPLACE INTO sessions (id, pid, host, started_at, staging) VALUES (?, ?, ?, ?, ?)',
          )
          .run(sessionId, process.pid, hostname(), store.now(), JSON.stringify(staging))
      }
    })
  } catch (error) {
    reportTrouble(store, error)
  }
}

const OURS = [STAGING_PREFIX, SNAPSHOT_PREFIX]

/** @returns whether nothing of it is left. */
function clearStaging(store: Store, directories: readonly string[]): boolean {
  let isCleared = true
  for (const directory of directories) {
    // The index may be damaged: nothing is removed that does not look like staging.
    if (!OURS.some((prefix) => basename(directory).startsWith(prefix))) continue
    try {
      removeTree(directory)
    } catch (error) {
      isCleared = false
      reportTrouble(store, error)
    }
  }
  return isCleared
}

function parseStaging(text: unknown): readonly string[] {
  if (typeof text !== 'string') return []
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
  } catch {
    return []
  }
}
