import { asFailure } from '../../errors.ts'
import type { ErrorCode, TaskVaultError } from '../../errors.ts'
import type { RunRequest, RunVault } from './run-contract.ts'

/**
 * What a failure before, or besides, the command means for a run. `stop`: the caller asked for
 * something that cannot be meant, and is told before anything runs. `go-on`: the cache is of no use
 * now; the command runs as if there were none.
 */
const EFFECTS: Readonly<Record<ErrorCode, 'stop' | 'go-on'>> = {
  CONFIG_INVALID: 'stop',
  CONFIG_NOT_FOUND: 'stop',
  TASK_NAME_INVALID: 'stop',
  TASK_UNKNOWN: 'stop',
  ARGUMENT_INVALID: 'stop',
  HASH_ALGORITHM_UNKNOWN: 'stop',
  // A pattern that matches nothing: the key would not depend on what the author believes.
  INPUT_MISSING: 'stop',
  OUTPUT_FORBIDDEN: 'stop',
  COMMAND_NOT_FOUND: 'stop',
  // What follows is there, and cannot be used just now; the command may well be able to.
  INPUT_UNREADABLE: 'go-on',
  INPUT_CHANGED: 'go-on',
  NAME_UNSUPPORTED: 'go-on',
  OUTPUT_MISSING: 'go-on',
  OUTPUT_UNREADABLE: 'go-on',
  OUTPUT_CHANGED: 'go-on',
  OUTPUT_BLOCKED: 'go-on',
  TOOL_FAILED: 'go-on',
  GIT_FAILED: 'go-on',
  HOOKS_REFUSED: 'go-on',
  ENTRY_NOT_FOUND: 'go-on',
  ENTRY_TOO_LARGE: 'go-on',
  ENTRY_DAMAGED: 'go-on',
  BLOB_MISSING: 'go-on',
  BLOB_CORRUPT: 'go-on',
  DATABASE_CORRUPT: 'go-on',
  DATABASE_BUSY: 'go-on',
  DATABASE_UNAVAILABLE: 'go-on',
  FORMAT_UNSUPPORTED: 'go-on',
  AUDIT_BROKEN: 'go-on',
  DISK_FULL: 'go-on',
  PERMISSION_DENIED: 'go-on',
  TOO_MANY_OPEN_FILES: 'go-on',
  IO_FAILED: 'go-on',
  REMOTE_UNAVAILABLE: 'go-on',
  REMOTE_REFUSED: 'go-on',
  REMOTE_INVALID: 'go-on',
  UNAUTHENTICATED: 'go-on',
  FORBIDDEN: 'go-on',
  NOT_FOUND: 'go-on',
  REQUEST_INVALID: 'go-on',
  REQUEST_TOO_LARGE: 'go-on',
  RATE_LIMITED: 'go-on',
  QUOTA_EXCEEDED: 'go-on',
  ENTRY_EXISTS: 'go-on',
  BLOBS_MISSING: 'go-on',
  // Ours, and so the cache's: no build is to fail for it.
  BUG: 'go-on',
}

/**
 * Returns what a run reports of `error` when it continues without the cache.
 * @throws `error` itself, when the request was wrong.
 */
export function asPassedOver(error: unknown): TaskVaultError {
  const failure = asFailure(error)
  if (EFFECTS[failure.code] === 'stop') throw error
  return failure
}

/** What can be wrong with what the caller named; with any other failure, it is the cache that has trouble. */
const ABOUT_THE_WORK: ReadonlySet<ErrorCode> = new Set([
  'INPUT_UNREADABLE',
  'INPUT_CHANGED',
  'NAME_UNSUPPORTED',
  'OUTPUT_MISSING',
  'OUTPUT_UNREADABLE',
  'OUTPUT_CHANGED',
  'OUTPUT_BLOCKED',
  'TOOL_FAILED',
  'GIT_FAILED',
])

/**
 * Returns what to report when the cache could not be used, although the request was valid. No build fails because of
 * that.
 * @throws `error` itself, when the request was wrong.
 */
export function asCacheTrouble(error: unknown): TaskVaultError {
  const failure = asPassedOver(error)
  if (ABOUT_THE_WORK.has(failure.code)) throw error
  return failure
}

export interface TroubleListener {
  readonly vault: Pick<RunVault, 'recordTrouble'>
  readonly request: Pick<RunRequest, 'task' | 'onEvent' | 'signal'>
}

/**
 * The result of `work`, or undefined when the cache had trouble, which is reported and logged.
 * @throws what `work` throws, when it is not the cache's trouble; the signal's reason.
 */
export async function unlessTrouble<Result>(
  { vault, request }: TroubleListener,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await work()
  } catch (error) {
    // What was closed under it is no trouble.
    request.signal?.throwIfAborted()
    const failure = asPassedOver(error)
    const { code, message, hint } = failure
    request.onEvent({ kind: 'trouble', code, message, hint })
    vault.recordTrouble(request.task, failure)
    return undefined
  }
}
