import { fileURLToPath } from 'node:url'
import { openGithubStores } from './github/github-stores.ts'
import { createHttpBlobStore } from './http/http-blob-store.ts'
import { createHttpClient } from './http/http-client.ts'
import type { HttpClient } from './http/http-client.ts'
import { createHttpEntryStore } from './http/http-entry-store.ts'
import { createNativeConnection } from './http/native-connection.ts'
import type { TlsFiles } from './http/read-tls-files.ts'
import { parsePublicKeys } from './http/record-signatures.ts'
import { createFolderObjectStore } from './objects/folder-object-store.ts'
import { createObjectBlobStore } from './objects/object-blob-store.ts'
import { createObjectEntryStore } from './objects/object-entry-store.ts'
import type { ObjectStore } from './objects/object-store.ts'
import type { RemoteStores } from './remote-stores.ts'
import { openS3ObjectStore } from './s3/open-s3-object-store.ts'
import { givingUp } from './wrappers/giving-up.ts'
import { limited } from './wrappers/limited.ts'
import type { Patience } from './wrappers/patience.ts'
import { readOnly } from './wrappers/read-only.ts'
import { retrying } from './wrappers/retrying.ts'
import { verified } from './wrappers/verified.ts'

export interface RemoteOptions {
  /** `https://…`, `http://…`, `s3://…`, `file:///…` or `github:`. */
  readonly url: string
  readonly mode: 'read' | 'read-write'
  /** Empty: nobody needs to have signed what is found. */
  readonly publicKeys: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly patience: Patience
  readonly tls: TlsFiles
  /** For servers: what says who we are; undefined when there is nothing. */
  readonly findToken: (
    http: HttpClient,
    signal: AbortSignal | undefined,
  ) => Promise<string | undefined>
  /** Names the CI job; undefined on other machines. */
  readonly job?: string | undefined
  readonly now: () => number
}

export interface OpenRemote extends RemoteStores, AsyncDisposable {
  /** What of the patience is lost, in milliseconds. */
  readonly lostMs: number
}

/** Calls at once. More of them gain nothing on one line, and cost a server its fairness. */
const CALLS_AT_ONCE = 8

/**
 * A remote store with all that makes it safe to rely on. From the inside out: how many calls run at
 * once; repeating what failed; giving up; believing nothing; and not writing where that is not wanted.
 * @throws {TaskVaultError} ARGUMENT_INVALID for addresses and keys that are none; REMOTE_REFUSED when a
 * bucket's credentials are missing.
 */
export function openRemote(options: RemoteOptions): OpenRemote {
  const { env, patience, mode, publicKeys, now, tls } = options
  const http = createHttpClient({ connections: CALLS_AT_ONCE, env, tls })
  const plain = connect(options, http)
  const { archives } = plain
  const persistent = givingUp(retrying({ ...limited(plain, CALLS_AT_ONCE), archives }), patience)
  const keys = publicKeys.length === 0 ? undefined : parsePublicKeys(publicKeys)
  const careful = verified(persistent, { keys, now })
  const stores = mode === 'read' ? readOnly(careful) : careful
  return {
    ...stores,
    archives: persistent.archives,
    get lostMs() {
      return patience.lostMs
    },
    async [Symbol.asyncDispose]() {
      await plain[Symbol.asyncDispose]?.()
      await http[Symbol.asyncDispose]()
    },
  }
}

function connect(
  options: RemoteOptions,
  http: HttpClient,
): RemoteStores & Partial<AsyncDisposable> {
  const { url, env, now, findToken, job } = options
  if (url.startsWith('s3:')) return overObjects(openS3ObjectStore(url, { env, http }), now)
  if (url.startsWith('github:')) return openGithubStores({ env, http, now })
  if (url.startsWith('file:')) return overObjects(createFolderObjectStore(fileURLToPath(url)), now)
  const connection = createNativeConnection({
    url: new URL(url),
    http,
    findToken: async (signal) => await findToken(http, signal),
    now,
    job,
  })
  return { blobs: createHttpBlobStore(connection), entries: createHttpEntryStore(connection) }
}

function overObjects(objects: ObjectStore, now: () => number): RemoteStores {
  const blobs = createObjectBlobStore(objects)
  return { blobs, entries: createObjectEntryStore({ objects, blobs, now }) }
}
