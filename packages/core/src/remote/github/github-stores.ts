import { setTimeout as delay } from 'node:timers/promises'
import { TaskVaultError, isTaskVaultError } from '../../errors.ts'
import type { PutOutcome } from '../blob-store.ts'
import type { EntryQuery, PublishOutcome } from '../entry-store.ts'
import type { HttpClient } from '../http/http-client.ts'
import { createCarriedBlobs } from '../objects/carried-blobs.ts'
import { createObjectBlobStore } from '../objects/object-blob-store.ts'
import { createObjectEntryStore } from '../objects/object-entry-store.ts'
import { ENTRIES_PREFIX, RECENTS_PREFIX } from '../objects/object-layout.ts'
import type { BlobObjects, EntryObjects } from '../objects/object-store.ts'
import type { RemoteStores } from '../remote-stores.ts'
import { readOnly } from '../wrappers/read-only.ts'
import { readCacheMode } from './cache-mode.ts'
import type { CacheMode } from './cache-mode.ts'
import { createGithubService, findGithubService } from './find-github-service.ts'
import { createGithubArchives } from './github-archives.ts'
import type { ArchiveStore } from './github-archives.ts'
import { LeftToOthers, WriteDenied, writeDenied } from './github-failures.ts'
import { createGithubObjectStore } from './github-object-store.ts'
import { rememberListed } from './remember-listed.ts'

export interface GithubStoresOptions {
  /** Where the runner's ACTIONS_… variables are. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** The caller's to dispose. */
  readonly http: HttpClient
  readonly now: () => number
}

/**
 * What the record of an entry carries. To find and read any other object takes two questions one after the other, to
 * send it three, and a repository may send two hundred a minute. What is sent again for this is no more than
 * goes through a line meanwhile.
 */
const CARRIED_BYTES = 1024 * 1024
/** How long an entry of another job may be on its way before it is looked for again. */
const OTHERS_MS = 250

/**
 * GitHub's cache service as a remote store. A job that may only read, by ACTIONS_CACHE_MODE or because the
 * service says so, writes nothing, and that is no trouble.
 * @throws {TaskVaultError} REMOTE_REFUSED without the variables that only actions are given.
 */
export function openGithubStores({
  env,
  http,
  now,
}: GithubStoresOptions): RemoteStores & AsyncDisposable {
  const place = findGithubService(env)
  if (place === undefined) throw noService()
  const mode = readCacheMode(env)
  const objects = createGithubObjectStore({
    service: createGithubService(place, { http }),
    http,
  })
  const carried = createCarriedBlobs(createObjectBlobStore(giveWay(objects)), CARRIED_BYTES)
  const { blobs } = carried
  const shelf = { objects: withoutRecents(objects), blobs, carried, now }
  const entries = rememberListed(createObjectEntryStore(shelf))
  const stores = inMode(unlessDenied({ blobs, entries }), mode)
  return {
    ...stores,
    archives: archivesInMode(createGithubArchives(place, http), mode),
    [Symbol.asyncDispose]: async () => await objects[Symbol.asyncDispose](),
  }
}

/** What another job is sending is left to that one: it says nothing of it, and sends nothing itself. */
function giveWay(objects: BlobObjects): BlobObjects {
  return {
    ...objects,
    async putIfAbsent(key, content, call) {
      const isNew = await objects.putIfAbsent(key, content, call)
      if (isNew || (await objects.head(key, call)) !== undefined) return isNew
      throw writeDenied(new LeftToOthers('Another job is sending the same'))
    },
  }
}

/**
 * The service itself says which entry is the newest, so nothing is written down for that: an upload
 * less for each entry, of which a repository has two hundred a minute.
 */
function withoutRecents(objects: EntryObjects): EntryObjects {
  return {
    ...objects,
    async putIfAbsent(key, content, call) {
      if (isRecent(key) || (await objects.putIfAbsent(key, content, call))) return true
      // Of another job, on its way; it is small. What is there then decides.
      if ((await objects.head(key, call)) === undefined) await pause(call?.signal)
      return false
    },
    async delete(key, call) {
      if (!isRecent(key)) await orSkip(() => objects.delete(key, call), noop)
    },
    list: (prefix, call) => objects.list(asEntry(prefix), call),
  }
}

/** Not to be allowed to write is an outcome here, and who offers the entry of what was denied is told why. */
function unlessDenied({ blobs, entries }: RemoteStores): RemoteStores {
  let denied: string | undefined
  return {
    blobs: {
      ...blobs,
      put: (content, call) =>
        orSkip<PutOutcome>(
          () => blobs.put(content, call),
          (cause) => {
            if (!(cause instanceof LeftToOthers)) denied = cause.message
            return 'skipped'
          },
        ),
      check: (blob, call) => orSkip(() => blobs.check(blob, call), noop),
    },
    entries: {
      ...entries,
      publish: (draft, call) =>
        orSkip<PublishOutcome>(
          async () => {
            const outcome = await entries.publish(draft, call)
            if (outcome.kind !== 'blobs-missing' || denied === undefined) return outcome
            return { kind: 'skipped', because: denied }
          },
          (cause) => ({ kind: 'skipped', because: cause.message }),
        ),
    },
  }
}

async function orSkip<Result>(
  work: () => Promise<Result>,
  skipped: (cause: WriteDenied) => Result,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!isTaskVaultError(error) || !(error.cause instanceof WriteDenied)) throw error
    return skipped(error.cause)
  }
}

function isRecent(key: string): boolean {
  return key.startsWith(RECENTS_PREFIX)
}

function asEntry(key: string): string {
  return isRecent(key) ? ENTRIES_PREFIX + key.slice(RECENTS_PREFIX.length) : key
}

async function pause(signal: AbortSignal | undefined): Promise<void> {
  await delay(OTHERS_MS, undefined, signal && { signal })
}

function noop(): void {
  // What cannot be removed is passed over, again and again.
}

function inMode(stores: RemoteStores, { word, mayRead, mayWrite }: CacheMode): RemoteStores {
  const read = mayRead ? stores : unread(stores)
  return mayWrite ? read : readOnly(read, `ACTIONS_CACHE_MODE is ${word}`)
}

function archivesInMode(archives: ArchiveStore, { mayRead, mayWrite }: CacheMode): ArchiveStore {
  return {
    ...archives,
    ...(!mayRead && { find: async () => undefined }),
    ...(!mayWrite && { put: async () => 'skipped' as const }),
  }
}

function unread({ blobs, entries }: RemoteStores): RemoteStores {
  return {
    blobs: { ...blobs, get: async () => undefined },
    entries: {
      ...entries,
      find: async () => undefined,
      list: async (_query: EntryQuery) => [],
    },
  }
}

function noService(): TaskVaultError {
  return new TaskVaultError('REMOTE_REFUSED', "GitHub's cache service is not available here", {
    hint: 'Only actions are told where it is: use taskvault/cache-action, or another remote store.',
  })
}
