import { isTaskVaultError } from '../../errors.ts'
import { findExecutable } from '../../process/find-executable.ts'
import type { ArchiveQuery } from '../../remote/github/github-archives.ts'
import type { KeyableWork } from './run-contract.ts'

/** The archives of a cache, but for what depends on the machine. */
export type ArchiveName = Omit<ArchiveQuery, 'compression'>

/** An archive is known by how it is compressed, which actions/cache decides by what the machine has. */
export function nameArchive(name: ArchiveName, env: KeyableWork['env']): ArchiveQuery {
  return { ...name, compression: hasZstd(env) ? 'zstd' : 'gzip' }
}

function hasZstd(env: KeyableWork['env']): boolean {
  try {
    return findExecutable('zstd', { directory: '/', env }) !== ''
  } catch (error) {
    if (isTaskVaultError(error)) return false
    throw error
  }
}
