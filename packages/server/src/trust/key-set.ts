import { TaskVaultError } from '@taskvault/core'
import { createLocalJWKSet, errors } from 'jose'
import type { CryptoKey, FlattenedJWSInput, JSONWebKeySet, JWSHeaderParameters } from 'jose'
import { isFresh } from './model/is-fresh.ts'

/** The public keys of an issuer, fetched when they are needed. */
export interface KeySet {
  /** @throws {TaskVaultError} REMOTE_UNAVAILABLE when there are no keys, and none can be had. */
  findKey(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey>
}

export interface KeySetOptions {
  readonly url: string
  readonly now: () => number
  readonly timings?: KeySetTimings
}

export interface KeySetTimings {
  /** Keys older than this are fetched anew. */
  readonly freshMs: number
  /** Keys older than this are forgotten, however long the issuer cannot be reached. */
  readonly keptMs: number
  /** Between two fetches, whatever the reason: tokens with made-up key ids cause no load elsewhere. */
  readonly pauseMs: number
  /** How long one fetch may take, to the last byte. */
  readonly timeoutMs: number
}

const TIMINGS: KeySetTimings = {
  freshMs: 10 * 60_000,
  keptMs: 24 * 3_600_000,
  pauseMs: 30_000,
  timeoutMs: 3000,
}

const MOST_BYTES = 256 * 1024

interface Fetched {
  readonly find: ReturnType<typeof createLocalJWKSet>
  readonly atMs: number
}

/**
 * Keeps the last good keys: through an outage of the issuer, an answer that never ends, one that is
 * too long or no key set, tokens go on being verified, for a day. A key that the issuer withdraws is
 * forgotten at the next fetch. Redirects are not followed.
 */
export function openKeySet({ url, now, timings = TIMINGS }: KeySetOptions): KeySet {
  let known: Fetched | undefined
  let triedAtMs = Number.NEGATIVE_INFINITY
  let fetching: Promise<void> | undefined

  async function replaceKnown(): Promise<void> {
    try {
      const keys = await fetchKeys(url, timings.timeoutMs)
      known = { find: createLocalJWKSet(keys), atMs: now() }
    } catch {
      // What is known stays. That nothing is known is said below, to whoever needs it.
    } finally {
      triedAtMs = now()
      fetching = undefined
    }
  }

  async function refresh(): Promise<void> {
    if (fetching === undefined && isFresh(triedAtMs, timings.pauseMs, now())) return
    fetching ??= replaceKnown()
    await fetching
  }

  return {
    findKey: async (header, token) => {
      if (known === undefined || !isFresh(known.atMs, timings.freshMs, now())) await refresh()
      if (known === undefined || now() - known.atMs > timings.keptMs) throw noKeys(url)
      try {
        return await known.find(header, token)
      } catch (error) {
        // It may be a new key. Any other trouble a new set would not cure.
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
        await refresh()
        return await known.find(header, token)
      }
    },
  }
}

function noKeys(url: string): TaskVaultError {
  return new TaskVaultError(
    'REMOTE_UNAVAILABLE',
    `The keys of the issuer cannot be fetched: ${url}`,
    {
      hint: 'Check `jwks_url` of the issuer in the settings, and that this server can reach it.',
    },
  )
}

async function fetchKeys(url: string, timeoutMs: number): Promise<JSONWebKeySet> {
  const response = await fetch(url, {
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
    headers: { accept: 'application/json' },
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`status ${response.status}`)
  }
  return parseKeySet(await readAtMost(response, MOST_BYTES))
}

async function readAtMost(response: Response, limitBytes: number): Promise<string> {
  const pieces: Uint8Array[] = []
  let sizeBytes = 0
  for await (const piece of response.body ?? []) {
    sizeBytes += piece.length
    if (sizeBytes > limitBytes) throw new Error(`more than ${limitBytes} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

/** Public keys with an id only: a secret in a key set would be a shared one. */
function parseKeySet(text: string): JSONWebKeySet {
  const data = JSON.parse(text) as unknown
  const list = typeof data === 'object' && data !== null && 'keys' in data ? data.keys : undefined
  if (!Array.isArray(list)) throw new Error('no key set')
  const keys = (list as JSONWebKeySet['keys']).filter(
    (key) => typeof key === 'object' && key !== null && key.kty !== 'oct' && key.d === undefined,
  )
  if (keys.length === 0) throw new Error('no keys')
  return { keys }
}
