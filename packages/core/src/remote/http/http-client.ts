import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import { isTaskVaultError } from '../../errors.ts'
import type { ByteStream } from '../blob-store.ts'
import { connectionTrouble, nonsense, unavailable } from '../failures.ts'
import { openConnections } from './connections.ts'
import type { ConnectionOptions, Connections } from './connections.ts'
import { explainSignIn } from './explain-sign-in.ts'

export interface HttpRequest {
  readonly method: 'DELETE' | 'GET' | 'HEAD' | 'PATCH' | 'POST' | 'PUT'
  readonly url: URL
  /** Sent as it is, in the place of the address's own: a URL resolves `%2e%2e` away. */
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  /** A stream needs a content-length among the headers. */
  readonly body?: Uint8Array | ByteStream
  readonly signal?: AbortSignal | undefined
}

/** An answer whose body has not been read. Read it or drop it: the connection waits for that. */
export interface HttpAnswer {
  readonly status: number
  /** By their names in lowercase. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Throws REMOTE_UNAVAILABLE when the connection ends before the body does. */
  readonly body: ByteStream
  /** The body as text; of more than 16 MiB, REMOTE_INVALID. */
  text(): Promise<string>
  drop(): Promise<void>
}

/** Keeps connections open between requests. Does not follow redirects. */
export interface HttpClient extends AsyncDisposable {
  /**
   * @throws {TaskVaultError} REMOTE_UNAVAILABLE when there is no answer, or a web page; CONFIG_INVALID for an invalid proxy;
   * CONFIG_INVALID, IO_FAILED or PERMISSION_DENIED naming a file of `tls`. Also throws the signal's reason, and whatever
   * the body's stream throws.
   */
  send(request: HttpRequest): Promise<HttpAnswer>
}

export type HttpClientOptions = Partial<ConnectionOptions>

const LONGEST_TEXT = 16 * 1024 * 1024
/** Of a body that nobody wants: more is not worth the connection. */
const DROPPED_BYTES = 256 * 1024

/** Creates a client. It loads nothing and opens no connection before the first request. */
export function createHttpClient(options: HttpClientOptions = {}): HttpClient {
  const { connections = 8, idleTimeoutMs = 30_000, env = {}, tls = {} } = options
  let opening: Promise<Connections> | undefined
  return {
    async send(request) {
      const open = await (opening ??= openConnections({ connections, idleTimeoutMs, env, tls }))
      return await exchange(open.towards(request.url), request)
    },
    async [Symbol.asyncDispose]() {
      // It has told whoever asked, if it could not be opened.
      const open = await opening?.catch(() => undefined)
      await open?.destroy()
    },
  }
}

async function exchange(dispatcher: Dispatcher, request: HttpRequest): Promise<HttpAnswer> {
  const { method, url, headers, signal } = request
  // Whoever asks because of an answer that has just ended finds its connection free one turn later; another one would be
  // opened before, which takes as long as two or three answers.
  await setImmediate()
  signal?.throwIfAborted()
  const sent = watchBody(request.body)
  try {
    const answer = await dispatcher.request({
      origin: url.origin,
      path: request.path ?? url.pathname + url.search,
      method,
      headers: headers ?? {},
      body: sent.body,
      ...(signal !== undefined && { signal }),
    })
    return await unlessPage(describeAnswer(answer, request), request)
  } catch (error) {
    throw explain(error, { request, own: sent.failure() })
  }
}

async function unlessPage(answer: HttpAnswer, request: HttpRequest): Promise<HttpAnswer> {
  const failure = explainSignIn(answer, nameOf(request))
  if (failure === undefined) return answer
  await answer.drop()
  throw failure
}

interface WatchedBody {
  readonly body: Uint8Array | Readable | null
  /** What the stream that was sent has thrown: not the connection's fault. */
  failure(): unknown
}

function watchBody(body: HttpRequest['body']): WatchedBody {
  if (body === undefined) return { body: null, failure: () => undefined }
  if (body instanceof Uint8Array) return { body, failure: () => undefined }
  let failure: unknown
  async function* watched(pieces: ByteStream): AsyncGenerator<Uint8Array> {
    try {
      yield* pieces
    } catch (error) {
      failure = error
      throw error
    }
  }
  return { body: Readable.from(watched(body), { objectMode: false }), failure: () => failure }
}

function describeAnswer(answer: Dispatcher.ResponseData, request: HttpRequest): HttpAnswer {
  const stream: Readable = answer.body
  // Whoever reads the body is told; whoever does not is not to be ended by it.
  stream.on('error', () => {})
  const body = readAnswer(stream, request)
  return {
    status: answer.statusCode,
    headers: Object.fromEntries(
      Object.entries(answer.headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(', ') : value,
      ]),
    ),
    body,
    text: async () => await readText(body, request),
    async drop() {
      try {
        await answer.body.dump({ limit: DROPPED_BYTES })
      } catch {
        // Nobody wants it.
      }
    },
  }
}

/** No generator, because one that was never started does nothing when it is ended. */
function readAnswer(stream: Readable, request: HttpRequest): AsyncIterableIterator<Uint8Array> {
  const pieces: AsyncIterator<Uint8Array> = stream[Symbol.asyncIterator]()
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    async next() {
      try {
        return await pieces.next()
      } catch (error) {
        throw explain(error, { request, own: undefined })
      }
    },
    async return() {
      stream.destroy()
      return { done: true, value: undefined }
    },
  }
}

async function readText(body: ByteStream, request: HttpRequest): Promise<string> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of body) {
    bytes += piece.length
    if (bytes > LONGEST_TEXT) throw nonsense(`${nameOf(request)} sent an endless answer`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}

interface Explanation {
  readonly request: HttpRequest
  readonly own: unknown
}

function explain(error: unknown, { request, own }: Explanation): unknown {
  const { signal } = request
  if (signal?.aborted === true) return signal.reason
  if (own !== undefined) return own
  if (isTaskVaultError(error)) return error
  return unavailable(`No answer from ${nameOf(request)}: ${connectionTrouble(error)}`, error)
}

/** Without path, user and query: they can hold secrets. */
function nameOf({ url }: HttpRequest): string {
  return url.host
}
