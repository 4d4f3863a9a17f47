import { isTaskVaultError } from '@taskvault/core'
import type { Logger } from 'pino'

/** What is written down of the answers to probes, which come every few seconds and learn mostly the same. */
export interface ReadinessLog {
  ready(): void
  /** @param error what keeps the server from being ready, unless it means to be. */
  notReady(because: string, error?: unknown): void
}

/** What lasts is said again so often. */
const REMINDER_MS = 60_000

/** Writes one line when the answer changes, and one a minute while the server is not ready. */
export function createReadinessLog(logger: Logger, now: () => number): ReadinessLog {
  let last: { readonly because: string; readonly toldAtMs: number } | undefined
  return {
    ready: () => {
      if (last !== undefined) logger.info('ready again')
      last = undefined
    },
    notReady: (because, error) => {
      const nowMs = now()
      if (last?.because === because && Math.abs(nowMs - last.toldAtMs) < REMINDER_MS) return
      last = { because, toldAtMs: nowMs }
      logger.error(reasonOf(error), `not ready: ${because}`)
    },
  }
}

/** Of a failure that is expected its words; of a bug the stack, which is all there is to find it by. */
function reasonOf(error: unknown): Readonly<Record<string, unknown>> {
  if (isTaskVaultError(error)) return { code: error.code, reason: error.message }
  return error === undefined ? {} : { err: error }
}
