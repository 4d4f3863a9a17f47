import { TaskVaultError, systemErrorCode } from '../errors.ts'

/** A cause that says how long the other side wants to be left alone. */
export class RetryLater extends Error {
  override readonly name = 'RetryLater'
  readonly afterMs: number

  constructor(afterMs: number) {
    super(`The other side asks to wait ${afterMs} ms`)
    this.afterMs = afterMs
  }
}

/** It may work later. */
export function unavailable(message: string, cause?: unknown): TaskVaultError {
  return new TaskVaultError('REMOTE_UNAVAILABLE', message, {
    hint: 'Check the address of the remote store, and the network connection to it.',
    cause,
  })
}

/** The other side answered what no such store answers. */
export function nonsense(message: string, cause?: unknown): TaskVaultError {
  return new TaskVaultError('REMOTE_INVALID', message, {
    hint: 'Check the address of the remote store, and what answers there.',
    cause,
  })
}

/** Why a connection failed, in words, without anything that was sent over it. */
export function connectionTrouble(error: unknown): string {
  const code = systemErrorCode(error)
  // OpenSSL's own words are places in its source.
  if (code?.startsWith('ERR_SSL_') === true)
    return `it does not support our version of TLS (${code})`
  const inner = error instanceof AggregateError ? systemErrorCode(error.errors[0]) : undefined
  const reason = error instanceof Error && error.message !== '' ? error.message : String(code)
  return code === undefined || reason.includes(code) ? reason : `${reason} (${inner ?? code})`
}

/** Milliseconds that a Retry-After header asks for: seconds, or a date. */
export function parseRetryAfter(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs)
}
