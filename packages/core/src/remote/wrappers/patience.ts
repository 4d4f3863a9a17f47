import { unavailable } from '../failures.ts'

export interface PatienceOptions {
  /** How long all waiting that leads to nothing may take together. */
  readonly limitMs: number
  /** Told once, when it has run out. */
  readonly onLost?: (() => void) | undefined
  /** Milliseconds that this thread has waited for anything; a clock would also count what it is busy with. */
  readonly now?: () => number
}

/**
 * What there is of time to lose on a store that does not answer. Waiting counts while nothing comes: no
 * call returns, and fewer bytes pass than a very slow line carries. When it has run out, everything
 * under way ends with REMOTE_UNAVAILABLE, and so does everything that is begun afterwards.
 */
export interface Patience {
  readonly isLost: boolean
  /** Aborts when the patience has run out. */
  readonly signal: AbortSignal
  /** Waits for `work`, at most as long as there is patience. */
  during<Result>(work: () => Promise<Result>): Promise<Result>
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
  const { limitMs, onLost, now = () => performance.nodeTiming.idleTime } = options
  const end = new AbortController()
  let [waiting, lostMs, movedBytes, quietSince] = [0, 0, 0, 0]
  let timer: NodeJS.Timeout | undefined

  const countPause = (): void => {
    const pauseMs = now() - quietSince
    if (pauseMs > USUAL_PAUSE_MS) lostMs += pauseMs
    quietSince = now()
    movedBytes = 0
  }
  const lose = (because: string): void => {
    if (end.signal.aborted) return
    clearInterval(timer)
    end.abort(unavailable(because))
    onLost?.()
  }
  const look = (): void => {
    if (lostMs + (now() - quietSince) < limitMs) return
    lose(`The remote store made no progress for ${limitMs / 1_000} seconds`)
  }
  const begin = (): void => {
    waiting += 1
    if (waiting > 1) return
    quietSince = now()
    movedBytes = 0
    timer = setInterval(look, TICK_MS)
  }
  const finish = (): void => {
    waiting -= 1
    countPause()
    if (waiting === 0) clearInterval(timer)
  }

  return {
    get isLost() {
      return end.signal.aborted
    },
    signal: end.signal,
    async during(work) {
      end.signal.throwIfAborted()
      begin()
      try {
        return await orAborted(end.signal, work())
      } finally {
        finish()
      }
    },
    moved(bytes) {
      movedBytes += bytes
      if (movedBytes >= PROGRESS_BYTES) countPause()
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
