import path from 'node:path'
import { relativePathOf } from '../../files/relative-path-of.ts'
import type { EntryRecord } from '../../model/entry-record.ts'
import { commandIdentity } from '../../process/command-line.ts'
import type { RemoteStores } from '../../remote/remote-stores.ts'
import { findEntry, listEntries } from '../../store/entries/entries.ts'
import { recordError } from '../../store/entries/record-use.ts'
import { fingerprintTask } from '../fingerprints/fingerprint-task.ts'
import type { TaskFingerprintRequest } from '../fingerprints/fingerprint-task.ts'
import { createGitContentsTable } from '../fingerprints/git-contents-table.ts'
import type { GitWorkContext } from '../fingerprints/git-work.ts'
import { createParts } from '../open-parts.ts'
import { readEncodedFingerprint } from '../read-encoded-fingerprint.ts'
import type { Vault } from '../vault.ts'
import type { KeyableWork, NewestQuery, RunVault } from './run-contract.ts'

/** Wraps a vault for runs. */
export function createRunVault(vault: Vault): RunVault {
  const { settings, store, statCache } = vault
  return {
    settings,
    isReadOnly: store.database.isReadOnly,
    stage: (request) => vault.stage(request),
    findArchive: (query) => vault.findArchive(query),
    adoptArchive: (adoption) => vault.adoptArchive(adoption),
    save: (request) => vault.save(request),
    async fingerprint(work) {
      const request = { ...describeWork(work, settings.projectRoot), source: WORK_TREE }
      try {
        return await fingerprintTask(request, createFingerprintContext(vault))
      } finally {
        statCache.flush()
      }
    },
    recordTrouble(task, error) {
      // Asking a database for anything that has just refused would only cost the same time again.
      if (!error.code.startsWith('DATABASE_')) recordError(store, { operation: 'run', task, error })
    },
    async findNewest(query) {
      // What others have saved since is newer than what this machine has seen.
      const [record] = (await listRemotely(vault, query)) ?? []
      const newest = record ?? listEntries(store, { ...query, limit: 1 })[0]
      return newest && { task: newest.task, key: newest.key }
    },
    async isKnown({ task, key }) {
      const entry = findEntry(store, { scope: 'local', key })
      if (entry !== undefined && !entry.isExpired) return true
      const find = async ({ entries }: RemoteStores) => await entries.find(task, key)
      return (await vault.remote?.attempt('read', find)) !== undefined
    },
    hasEntry: (key) => findEntry(store, { scope: 'local', key }) !== undefined,
    lockPath: (key) => path.join(settings.cacheDirectory, 'locks', key),
  }
}

async function listRemotely(
  { remote }: Vault,
  query: NewestQuery,
): Promise<readonly EntryRecord[] | undefined> {
  return await remote?.attempt(
    'read',
    async ({ entries }) => await entries.list({ ...query, limit: 1 }),
  )
}

const WORK_TREE = { kind: 'work-tree' } as const

/** What of a piece of work is asked of, wherever its files are read from. */
export function describeWork(
  { task, definition, command, directory, env }: KeyableWork,
  projectRoot: string,
): Omit<TaskFingerprintRequest, 'source'> {
  const relativeDirectory = relativePathOf(directory, projectRoot)
  const identity = command === undefined ? undefined : commandIdentity(command, relativeDirectory)
  return { task, definition, command: identity, projectRoot, env }
}

export function createFingerprintContext({
  settings,
  store,
  statCache,
}: Pick<Vault, 'settings' | 'store' | 'statCache'>): GitWorkContext {
  const scan = createParts(settings, store, { statCache }).scanContext('hashing')
  return {
    ...scan,
    contents: createGitContentsTable(store.database, store.algorithm),
    async readEncoded(key) {
      const entry = findEntry(store, { scope: 'local', key })
      return entry && (await readEncodedFingerprint(store, entry))
    },
  }
}
