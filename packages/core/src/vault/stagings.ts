import { TaskVaultError } from '../errors.ts'
import type { RestoreRequest } from './vault.ts'

/** A restore that can be ended while it is staged. */
export interface EndableRequest extends RestoreRequest {
  /** Ends it, with the signal's reason. */
  readonly signal: AbortSignal
}

/** The stagings that are under way in a vault. Disposing waits until each has removed what it is not to leave. */
export interface Stagings extends AsyncDisposable {
  during<Result>(stage: (signal: AbortSignal) => Promise<Result>): Promise<Result>
  /** Aborts the signals of all, and of those to come. */
  end(): void
}

export function createStagings(): Stagings {
  const closing = new AbortController()
  const underWay = new Set<Promise<unknown>>()
  return {
    async during(stage) {
      const staging = stage(closing.signal)
      underWay.add(staging)
      try {
        return await staging
      } finally {
        underWay.delete(staging)
      }
    },
    end: () => closing.abort(new TaskVaultError('DATABASE_UNAVAILABLE', 'The vault was closed')),
    [Symbol.asyncDispose]: async () => void (await Promise.allSettled(underWay)),
  }
}
