import path from 'node:path'
import type { Environment } from '../git/run-git.ts'
import { commandIdentity } from '../process/command-line.ts'
import { findEntry } from '../store/entries.ts'
import { recordError } from '../store/record-use.ts'
import { fingerprintTask, type InputSource } from './fingerprint-task.ts'
import { createParts } from './open-parts.ts'
import type { RunVault } from './run-contract.ts'
import type { Vault } from './vault.ts'

export interface RunSource {
  /** Where inputs are read from; the work tree unless told. */
  readonly source?: InputSource
  /** What a git that started us says of its index; the environment of the work unless told. */
  readonly gitEnv?: Environment
}

/** The vault as runs see it. */
export function createRunVault(
  vault: Vault,
  { source = { kind: 'work-tree' }, gitEnv }: RunSource = {},
): RunVault {
  const { settings, store, statCache } = vault
  const { projectRoot, cacheDirectory } = settings
  return {
    settings,
    stage: (request) => vault.stage(request),
    save: (request) => vault.save(request),
    async fingerprint({ task, definition, command, directory, env }) {
      const relativeDirectory = path.relative(projectRoot, directory).split(path.sep).join('/')
      const identity =
        command === undefined ? undefined : commandIdentity(command, relativeDirectory)
      const context = {
        ...createParts(settings, store, statCache).scanContext('hashing'),
        database: store.database,
      }
      try {
        return await fingerprintTask(
          { task, definition, command: identity, projectRoot, env, source, gitEnv },
          context,
        )
      } finally {
        statCache.flush()
      }
    },
    recordTrouble(task, error) {
      // Asking a database for anything that has just refused would only cost the same time again.
      if (!error.code.startsWith('DATABASE_')) recordError(store, { operation: 'run', task, error })
    },
    hasEntry: (key) => findEntry(store, { scope: 'local', key }) !== undefined,
    lockPath: (key) => path.join(cacheDirectory, 'locks', key),
  }
}
