import { createHash } from 'node:crypto'
import { isTaskVaultError } from '../../errors.ts'
import type { ByteStream, CallOptions, PutOutcome } from '../blob-store.ts'
import { nonsense } from '../failures.ts'
import type { HttpClient } from '../http/http-client.ts'
import { wholePieces } from '../whole-pieces.ts'
import { createGithubService } from './find-github-service.ts'
import type { GithubServicePlace } from './find-github-service.ts'
import { WriteDenied, explainGithubAnswer } from './github-failures.ts'
import type {
  ArchiveContent,
  FoundArchive,
  GithubService,
  PendingArchive,
} from './github-service.ts'

/** Archives as actions/cache has them. */
export interface ArchiveStore {
  find(query: ArchiveQuery, options?: CallOptions): Promise<FoundArchive | undefined>
  /** Undefined when it is gone. */
  open(archive: FoundArchive, options?: CallOptions): Promise<ByteStream | undefined>
  /** Sends one, by the first of its keys. */
  put(name: ArchiveQuery, content: ArchiveContent, options?: CallOptions): Promise<PutOutcome>
}

/** Which one it is depends on the machine: the same archive has another name on another one. */
export type Compression = 'zstd' | 'gzip'

export interface ArchiveQuery {
  /** The lines of `path`, as they were written. */
  readonly paths: readonly string[]
  readonly isWindowsOnly: boolean
  readonly compression: Compression
  /** The key, and what keys begin with that are better than nothing. */
  readonly keys: readonly string[]
}

export function createGithubArchives(place: GithubServicePlace, http: HttpClient): ArchiveStore {
  const serviceOf = (query: ArchiveQuery): GithubService =>
    createGithubService(place, { http, version: archiveVersion(query) })
  /** What has failed is tried again: nobody is given another address for the same key. */
  const failed = new Map<string, PendingArchive>()
  return {
    find: async (query, call) => await serviceOf(query).find(query.keys, call),
    async open({ url }, call) {
      const answer = await http.send({ method: 'GET', url, signal: call?.signal })
      if (answer.status === 404) {
        await answer.drop()
        return undefined
      }
      if (answer.status !== 200) throw await explainGithubAnswer(answer, 'read an archive')
      const sizeBytes = Number(answer.headers['content-length'] ?? Number.NaN)
      if (!Number.isSafeInteger(sizeBytes)) throw nonsense('GitHub did not say how large it is')
      return wholePieces(answer.body, sizeBytes)
    },
    async put(query, content, call) {
      const [key = ''] = query.keys
      try {
        const pending = failed.get(key) ?? (await serviceOf(query).create(key, call))
        if (pending === undefined) return 'known'
        failed.set(key, pending)
        await pending.send(content, call)
        const isNew = await pending.finish(content.sizeBytes, call)
        failed.delete(key)
        return isNew ? 'stored' : 'known'
      } catch (error) {
        if (isTaskVaultError(error) && error.cause instanceof WriteDenied) return 'skipped'
        throw error
      }
    },
  }
}

/** Of the format itself: actions/cache raises it with each change. */
const SALT = '1.0'

/** By which actions/cache tells archives apart that have the same key. */
function archiveVersion({ paths, isWindowsOnly, compression }: ArchiveQuery): string {
  const method = compression === 'zstd' ? 'zstd-without-long' : compression
  const parts = [...paths, method, ...(isWindowsOnly ? ['windows-only'] : []), SALT]
  return createHash('sha256').update(parts.join('|')).digest('hex')
}
