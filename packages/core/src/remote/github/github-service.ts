import type { ByteStream, CallOptions } from '../blob-store.ts'
import type { HttpClient } from '../http/http-client.ts'

/** An archive that the service has, and where its bytes are: an address that needs no token. */
export interface FoundArchive {
  readonly key: string
  readonly url: URL
}

/**
 * GitHub's cache service: archives by their keys, each written once. What a job sees are the archives of
 * its own branch, then those of the branches that it may read.
 */
export interface GithubService {
  /** The archive of the first key; else, for each of the others, that of the key, or the newest that begins so. */
  find(keys: readonly string[], options?: CallOptions): Promise<FoundArchive | undefined>
  /** Undefined when the archive is there, or somebody else is sending it. */
  create(key: string, options?: CallOptions): Promise<PendingArchive | undefined>
}

/** An archive that is ours to send. What has failed can be sent again. */
export interface PendingArchive {
  send(content: ArchiveContent, options?: CallOptions): Promise<void>
  /** Says that all bytes are sent; false when somebody else's archive was there first. */
  finish(sizeBytes: number, options?: CallOptions): Promise<boolean>
}

export interface ArchiveContent {
  readonly sizeBytes: number
  /** Starts over at each call. */
  open(): ByteStream
}

export interface GithubServiceOptions {
  /** Of the service. */
  readonly url: string
  /** ACTIONS_RUNTIME_TOKEN. */
  readonly token: string
  /** The caller's to dispose. */
  readonly http: HttpClient
  /** Of the archives that are meant, which tells them apart from others of the same key. */
  readonly version: string
}
