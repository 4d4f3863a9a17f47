import { unavailable } from '../failures.ts'
import { createWaitingClock } from './waiting-clock.ts'

export interface PatienceOptions {
  /** How long all waiting that leads to nothing may take together. */
  readonly limitMs: number
  /** Milliseconds that this thread has waited for anything. */
  readonly now?: () => number
}

/**
 * What there is of time to lose on a store that does not answer. Waiting counts while nothing comes: no
 * call returns, and fewer bytes pass than a very slow line carries. When it has run out, everything
 * under way ends with REMOTE_UNAVAILABLE, and so does everything that is begun afterwards.
 */
export interface Patience {
  /** Milliseconds of waiting that led to nothing. */
  readonly lostMs: number
  /** Aborts when the patience has run out. */
  readonly signal: AbortSignal
  /** Waits for `work`, at most as long as there is patience. That it has ended is progress. */
  during<Result>(work: () => Promise<Result>): Promise<Result>
  /** The same for a part of something, which may be ever so small: that it has come is no progress yet. */
  duringPart<Result>(work: () => Promise<Result>): Promise<Result>
  /** Bytes have passed. */
  moved(bytes: number): void
  /** Gives up now. */
  lose(because: string): void
}

/** A pause shorter than this is the way of all networks, and costs nothing. */
const USUAL_PAUSE_MS = 500
/** Fewer bytes than these in a usual pause are no progress: 32 KiB a second. */
const PROGRESS_BYTES = 16 * 1024
const TICK_MS = 50

export function createPatience(options: PatienceOptions): Patience {
  const { limitMs, now = createWaitingClock() } = options
  const end = new AbortController()
  let [waiting, lostMs, movedBytes, quietMs, waitingSince] = [0, 0, 0, 0, 0]
  let timer: NodeJS.Timeout | undefined

  /** Waiting that was followed by no progress so far. */
  const pauseMs = (): number => quietMs + (waiting > 0 ? now() - waitingSince : 0)
  const advance = (): void => {
    const lastPauseMs = pauseMs()
    if (lastPauseMs > USUAL_PAUSE_MS) lostMs += lastPauseMs
    waitingSince = now()
    quietMs = 0
    movedBytes = 0
  }
  const lose = (because: string): void => {
    if (end.signal.aborted) return
    clearInterval(timer)
    end.abort(unavailable(because))
  }
  const look = (): void => {
    if (lostMs + pauseMs() < limitMs) return
    lose(`The remote store made no progress for ${Number((limitMs / 1_000).toFixed(1))} seconds`)
  }
  const begin = (): void => {
    waiting += 1
    if (waiting > 1) return
    waitingSince = now()
    timer = setInterval(look, TICK_MS)
  }
  const finish = (): void => {
    quietMs = pauseMs()
    waitingSince = now()
    waiting -= 1
    if (waiting === 0) clearInterval(timer)
    // Parts can come before the timer does, one after the other.
    look()
  }
  const duringPart = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    end.signal.throwIfAborted()
    begin()
    try {
      return await orAborted(end.signal, work())
    } finally {
      finish()
    }
  }

  return {
    get lostMs() {
      return lostMs + pauseMs()
    },
    signal: end.signal,
    async during(work) {
      try {
        return await duringPart(work)
      } finally {
        advance()
      }
    },
    duringPart,
    moved(bytes) {
      movedBytes += bytes
      if (movedBytes >= PROGRESS_BYTES) advance()
    },
    lose,
  }
}

/** For what cannot be aborted itself, such as a call to a network file system that hangs. */
async function orAborted<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> {
  // If it fails after it was given up, nobody listens.
  work.catch(() => {})
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
