import { join } from 'node:path'
import { createFolderObjectStore } from '@taskvault/core'
import type { ObjectStore } from '@taskvault/core'
import { DEFAULT_LIMITS, DEFAULT_TIMES, createEngine, openDatabase } from './engine-parts.ts'
import type { OpenDatabase, RunningEngine } from './engine-parts.ts'

export interface OpenParts extends AsyncDisposable {
  readonly opened: OpenDatabase
  readonly objects: ObjectStore
  readonly engine: RunningEngine
  advance(ms: number): void
}

export interface PartsOptions {
  /** Holds the blobs, and the SQLite file where no other database is named. */
  readonly root: string
  readonly databaseUrl?: string
  readonly scopeBytes?: number
  readonly tenantBytes?: number
}

/** An engine, and what is under it; a time of its own that starts at the real one. */
export async function openParts({
  root,
  databaseUrl,
  ...limits
}: PartsOptions): Promise<OpenParts> {
  const opened = await openDatabase(databaseUrl ?? `sqlite:${join(root, 'server.db')}`)
  const objects = createFolderObjectStore(join(root, 'blobs'))
  let aheadMs = 0
  const engine = await createEngine({
    database: opened,
    objects,
    isDirect: false,
    temporaryDirectory: join(root, 'temporary'),
    limits: { ...DEFAULT_LIMITS, ...limits },
    times: DEFAULT_TIMES,
    signEntry: async () => undefined,
    report: () => {},
    now: () => Date.now() + aheadMs,
  })
  return {
    opened,
    objects,
    engine,
    advance: (ms) => void (aheadMs += ms),
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]()
      await opened[Symbol.asyncDispose]()
    },
  }
}
