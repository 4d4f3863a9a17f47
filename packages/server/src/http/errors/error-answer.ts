import { isTaskVaultError } from '@taskvault/core'
import type { ErrorCode } from '@taskvault/core'
import { hintFor } from './hints.ts'
import { Refusal } from './refusal.ts'

/** What every refusal looks like on the wire, whatever the protocol adds to it. */
export interface ErrorBody {
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string
}

export interface ErrorAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** An ErrorBody, and fields that the protocol adds. */
  readonly body: ErrorBody
}

/** Of failures that a caller can mend; all others are the server's own, and answered with 500. */
const STATUSES: Readonly<Partial<Record<ErrorCode, number>>> = {
  ARGUMENT_INVALID: 400,
  TASK_NAME_INVALID: 400,
  HASH_ALGORITHM_UNKNOWN: 400,
  REQUEST_INVALID: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  QUOTA_EXCEEDED: 403,
  NOT_FOUND: 404,
  ENTRY_NOT_FOUND: 404,
  BLOB_MISSING: 404,
  ENTRY_EXISTS: 409,
  BLOBS_MISSING: 409,
  REQUEST_TOO_LARGE: 413,
  ENTRY_TOO_LARGE: 413,
  BLOB_CORRUPT: 422,
  RATE_LIMITED: 429,
  DATABASE_BUSY: 503,
  DATABASE_UNAVAILABLE: 503,
  REMOTE_UNAVAILABLE: 503,
  TOO_MANY_OPEN_FILES: 503,
  DISK_FULL: 507,
}

const STANDARD_HEADERS: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: { 'www-authenticate': 'Bearer' },
  429: { 'retry-after': '1' },
  503: { 'retry-after': '2' },
}

/**
 * How a failure is answered. What went wrong inside of the server is for its log, not for callers:
 * messages of such failures can name files and hosts.
 */
export function answerError(error: unknown): ErrorAnswer {
  const known = asKnown(error)
  const status =
    (known instanceof Refusal ? known.status : undefined) ?? STATUSES[known.code] ?? 500
  const headers = {
    ...STANDARD_HEADERS[status],
    ...(known instanceof Refusal ? known.headers : {}),
  }
  if (status >= 500 && !(known instanceof Refusal))
    return { status, headers, body: ownFault(known) }
  const { code, message, hint = hintFor(code) } = known
  const fields = known instanceof Refusal ? known.fields : {}
  return { status, headers, body: { ...fields, code, message, hint } }
}

interface Known {
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string | undefined
}

function asKnown(error: unknown): Known {
  if (isTaskVaultError(error)) return error
  return new Refusal('IO_FAILED', 'The server failed; its log has the reason', { status: 500 })
}

function ownFault({ code }: Known): ErrorBody {
  return {
    code,
    message: 'The server cannot answer this now; its log has the reason',
    hint: hintFor(code),
  }
}
