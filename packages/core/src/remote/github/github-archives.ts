import { createHash } from 'node:crypto'
import type { ByteStream, CallOptions } from '../blob-store.ts'
import { nonsense } from '../failures.ts'
import { wholePieces } from '../whole-pieces.ts'
import { createGithubService, explainGithubAnswer } from './github-service.ts'
import type { FoundArchive, GithubServiceOptions } from './github-service.ts'

/** Archives that actions/cache has saved. */
export interface ArchiveStore {
  find(query: ArchiveQuery, options?: CallOptions): Promise<FoundArchive | undefined>
  /** Undefined when it is gone. */
  open(archive: FoundArchive, options?: CallOptions): Promise<ByteStream | undefined>
}

export interface ArchiveQuery {
  /** The lines of `path`, as they were written. */
  readonly paths: readonly string[]
  readonly isWindowsOnly: boolean
  /** Without it, archives are compressed with gzip. */
  readonly hasZstd: boolean
  /** The key, and what keys begin with that are better than nothing. */
  readonly keys: readonly string[]
}

export function createGithubArchives(options: GithubServiceOptions): ArchiveStore {
  return {
    async find(query, call) {
      const service = createGithubService({ ...options, version: archiveVersion(query) })
      return await service.findFirst(query.keys, call)
    },
    async open({ url }, call) {
      const answer = await options.http.send({ method: 'GET', url, signal: call?.signal })
      if (answer.status === 404) {
        await answer.drop()
        return undefined
      }
      if (answer.status !== 200) throw await explainGithubAnswer(answer, 'read an archive')
      const sizeBytes = Number(answer.headers['content-length'] ?? Number.NaN)
      if (!Number.isSafeInteger(sizeBytes)) throw nonsense('GitHub did not say how large it is')
      return wholePieces(answer.body, sizeBytes)
    },
  }
}

/** Of the format itself: actions/cache raises it with each change. */
const SALT = '1.0'

/** By which actions/cache tells archives apart that have the same key. */
function archiveVersion({ paths, isWindowsOnly, hasZstd }: ArchiveQuery): string {
  const compression = hasZstd ? 'zstd-without-long' : 'gzip'
  const parts = [...paths, compression, ...(isWindowsOnly ? ['windows-only'] : []), SALT]
  return createHash('sha256').update(parts.join('|')).digest('hex')
}
