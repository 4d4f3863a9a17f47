import type { ByteStream } from '../blob-store.ts'
import { nonsense } from '../failures.ts'
import type { HttpAnswer, HttpClient, HttpRequest } from './http-client.ts'
import { parseSessionAnswer } from './native-answers.ts'
import type { SessionAnswer } from './native-answers.ts'
import { explainRefusal, readRefusal } from './native-failures.ts'

export interface NativeOptions {
  /** Of the server; whatever path it has comes before that of the protocol. */
  readonly url: URL
  /** The caller's to dispose. */
  readonly http: HttpClient
  /** An API key, or the ID token of a CI job; asked for whenever a session begins. Undefined: none. */
  readonly findToken: (signal: AbortSignal | undefined) => Promise<string | undefined>
  /** Names the CI job, for servers that its token does not tell. */
  readonly job?: string | undefined
  readonly now?: () => number
}

export interface NativeRequest extends Pick<HttpRequest, 'method' | 'headers' | 'signal'> {
  /** Relative to the server's address, without a leading slash. */
  readonly path: string
  readonly json?: unknown
  /** Called again when the session had to be renewed. */
  readonly openBody?: () => ByteStream
}

/** Requests on behalf of one session, which begins with the first of them and is renewed as needed. */
export interface NativeConnection {
  session(signal?: AbortSignal): Promise<SessionAnswer>
  /** @throws {TaskVaultError} REMOTE_REFUSED when there is no session to be had; as HttpClient does. */
  send(request: NativeRequest): Promise<HttpAnswer>
  /** The address of something that the server named, absolute or relative to it. */
  resolve(address: string): { readonly url: URL; readonly isServer: boolean }
  readonly http: HttpClient
}

/** A session that ends sooner than this is as good as over: a transfer may take as long. */
const RENEWED_BEFORE_MS = 60_000

export function createNativeConnection(options: NativeOptions): NativeConnection {
  const { http, now = Date.now } = options
  const base = new URL(options.url)
  base.pathname = base.pathname.replace(/\/*$/, '/')
  let current: Promise<SessionAnswer> | undefined

  const open = async (signal: AbortSignal | undefined): Promise<SessionAnswer> => {
    const opening = openSession(base, options, signal)
    current = opening
    try {
      return await opening
    } catch (error) {
      forget(opening)
      throw error
    }
  }
  /** Unless somebody has begun another one since. */
  const forget = (session: Promise<SessionAnswer> | undefined): void => {
    if (current === session) current = undefined
  }
  const session = async (signal?: AbortSignal): Promise<SessionAnswer> => {
    const known = current
    if (known === undefined) return await open(signal)
    const opened = await known
    const isFresh = opened.expiresAtMs - now() > RENEWED_BEFORE_MS
    return isFresh || current !== known ? opened : await open(signal)
  }

  const sendOnce = async (request: NativeRequest, token: string): Promise<HttpAnswer> => {
    const { method, path, json, openBody, headers = {}, signal } = request
    const body = json === undefined ? openBody?.() : Buffer.from(JSON.stringify(json))
    return await http.send({
      method,
      url: base,
      path: base.pathname + path,
      headers: {
        authorization: `Bearer ${token}`,
        ...(json !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      signal,
      ...(body !== undefined && { body }),
    })
  }

  return {
    session,
    async send(request) {
      const { token } = await session(request.signal)
      const used = current
      const answer = await sendOnce(request, token)
      if (answer.status !== 401) return answer
      // It may have been revoked, or the server's clock be ahead of ours.
      await answer.drop()
      forget(used)
      const renewed = await session(request.signal)
      return await sendOnce(request, renewed.token)
    },
    resolve(address) {
      const url = URL.canParse(address, base.href) ? new URL(address, base) : undefined
      if (url === undefined || !['http:', 'https:'].includes(url.protocol))
        throw nonsense('The server sent an invalid address')
      if (base.protocol === 'https:' && url.protocol === 'http:')
        throw nonsense('The server sent an unencrypted address')
      return { url, isServer: url.origin === base.origin }
    },
    http,
  }
}

async function openSession(
  base: URL,
  { http, findToken, job, now = Date.now }: NativeOptions,
  signal: AbortSignal | undefined,
): Promise<SessionAnswer> {
  const token = await findToken(signal)
  const answer = await http.send({
    method: 'POST',
    url: new URL('v1/session', base),
    headers: {
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: Buffer.from(JSON.stringify({ job })),
    signal,
  })
  if (answer.status !== 201) throw explainRefusal(answer, await readRefusal(answer))
  const session = parseSessionAnswer(await readJson(answer))
  const isOver = session.expiresAtMs - now() <= RENEWED_BEFORE_MS
  // Then our clock is ahead of the server's, which refuses the session once it is over: an ID token opens one.
  return isOver ? { ...session, expiresAtMs: Number.POSITIVE_INFINITY } : session
}

/** @throws {TaskVaultError} REMOTE_INVALID when it is none. */
export async function readJson(answer: HttpAnswer): Promise<unknown> {
  const text = await answer.text()
  try {
    return JSON.parse(text)
  } catch (error) {
    throw nonsense('The server answered with invalid JSON', error)
  }
}
