import type { ErrorCode } from '@taskvault/core'

/** What to do about a refusal that says nothing better: no caller is left with a reason alone. */
export function hintFor(code: ErrorCode): string {
  return HINTS[code] ?? 'Try again later; meanwhile, the build continues without the cache.'
}

const SEE_DESCRIPTION = 'See /openapi.json for what is allowed.'

const HINTS: Readonly<Partial<Record<ErrorCode, string>>> = {
  ARGUMENT_INVALID: SEE_DESCRIPTION,
  TASK_NAME_INVALID: SEE_DESCRIPTION,
  HASH_ALGORITHM_UNKNOWN: SEE_DESCRIPTION,
  REQUEST_INVALID: SEE_DESCRIPTION,
  UNAUTHENTICATED:
    'Check TASKVAULT_TOKEN; an administrator creates keys with `taskvault keys create`.',
  FORBIDDEN: 'Ask an administrator of the vault for a key or a policy that allows it.',
  QUOTA_EXCEEDED: 'Save less, or ask an administrator of the vault to raise the limit.',
  NOT_FOUND: 'Check the name; what this caller may not see is also reported as not found.',
  ENTRY_NOT_FOUND: 'Check the name; what this caller may not see is also reported as not found.',
  BLOB_MISSING: 'Do the work again, and save it.',
  ENTRY_EXISTS: 'Use another key: existing entries are never changed.',
  BLOBS_MISSING: 'Send them, and publish again.',
  REQUEST_TOO_LARGE: 'Send less at once, or ask whoever runs the server to allow more.',
  ENTRY_TOO_LARGE: 'Save less, or ask whoever runs the server to allow more.',
  BLOB_CORRUPT: 'Send the bytes that match the name.',
  RATE_LIMITED: 'Wait for as long as Retry-After says.',
}
