import { createHash } from 'node:crypto'
import type { ByteStream, CallOptions } from '../blob-store.ts'
import { nonsense, unavailable } from '../failures.ts'
import type { HttpClient } from '../http/http-client.ts'
import { explainGithubAnswer, writeDenied } from './github-failures.ts'
import { sendBlob } from './send-blob.ts'

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
  /** The archive of this key; else the newest one whose key begins with it. */
  find(key: string, options?: CallOptions): Promise<FoundArchive | undefined>
  /** The archive of the first of these keys, else the newest whose key begins with it; then the next. */
  findFirst(keys: readonly string[], options?: CallOptions): Promise<FoundArchive | undefined>
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
  /** ACTIONS_RESULTS_URL; its path does not count. */
  readonly url: string
  /** ACTIONS_RUNTIME_TOKEN. */
  readonly token: string
  /** The caller's to dispose. */
  readonly http: HttpClient
  /** Of the archives that are meant; our own unless told. */
  readonly version?: string
}

/** A job that may not write is told so in a refusal that begins so. */
const WRITE_DENIED = 'cache write denied:'
const METHODS = '/twirp/github.actions.results.api.v1.CacheService/'
/** Tells our archives from those of others, which are named by their paths and compression here. */
const VERSION = createHash('sha256').update('taskvault 1').digest('hex')

/** The service's second protocol, as the runner's variables give it to a job's actions. */
export function createGithubService(options: GithubServiceOptions): GithubService {
  const { version = VERSION } = options
  const ask = async (method: string, body: Body, call: CallOptions | undefined): Promise<Answer> =>
    await send(options, { method, body: { ...body, version } }, call)
  return {
    async find(key, call) {
      const answer = await ask('GetCacheEntryDownloadURL', { key, restore_keys: [key] }, call)
      if (!answer.isOk) return undefined
      const matched = answer.text('matched_key')
      return matched.startsWith(key)
        ? { key: matched, url: answer.url('signed_download_url') }
        : undefined
    },
    async findFirst([key, ...restoreKeys], call) {
      const body = { key, restore_keys: restoreKeys }
      const answer = await ask('GetCacheEntryDownloadURL', body, call)
      if (!answer.isOk) return undefined
      return { key: answer.text('matched_key'), url: answer.url('signed_download_url') }
    },
    async create(key, call) {
      const answer = await ask('CreateCacheEntry', { key }, call)
      if (answer.message.startsWith(WRITE_DENIED)) throw writeDenied(answer.message)
      if (!answer.isOk) return undefined
      const url = answer.url('signed_upload_url')
      return {
        send: async (content, sending) => await sendBlob(options.http, { url, content }, sending),
        async finish(sizeBytes, finishing) {
          const body = { key, size_bytes: String(sizeBytes) }
          const finished = await ask('FinalizeCacheEntryUpload', body, finishing)
          if (!finished.isOk && !finished.isTaken)
            throw unavailable(`GitHub did not take what was sent: ${finished.message}`)
          return finished.isOk
        },
      }
    },
  }
}

type Body = Readonly<Record<string, unknown>>

interface Answer {
  readonly isOk: boolean
  readonly isTaken: boolean
  /** Why not, for people. */
  readonly message: string
  text(name: string): string
  url(name: string): URL
}

async function send(
  { url, token, http }: GithubServiceOptions,
  { method, body }: { readonly method: string; readonly body: Body },
  call: CallOptions | undefined,
): Promise<Answer> {
  const answer = await http.send({
    method: 'POST',
    url: new URL(METHODS + method, url),
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(body)),
    signal: call?.signal,
  })
  if (answer.status !== 200 && answer.status !== 409)
    throw await explainGithubAnswer(answer, `call ${method}`)
  return readAnswer(await answer.text(), answer.status)
}

function readAnswer(text: string, status: number): Answer {
  const fields = parseFields(text)
  // Both spellings are JSON for the same message.
  const read = (name: string): unknown =>
    fields[name] ?? fields[name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase())]
  const readText = (name: string): string => {
    const value = read(name)
    if (typeof value !== 'string') throw nonsense(`GitHub's cache service sent no ${name}`)
    return value
  }
  return {
    isOk: status === 200 && fields['ok'] === true,
    isTaken: status === 409,
    message: [fields['message'], fields['msg']].find((said) => typeof said === 'string') ?? '',
    text: readText,
    url(name) {
      const value = readText(name)
      if (!/^https?:/.test(value) || !URL.canParse(value))
        throw nonsense(`GitHub's cache service sent no address as ${name}`)
      return new URL(value)
    },
  }
}

function parseFields(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Said below.
  }
  throw nonsense("What answers as GitHub's cache service is none")
}
