/** Every failure that a caller can get, by stable name. Codes may be added, but never change their meaning. */
export type ErrorCode =
  // What the caller gave us
  | 'CONFIG_INVALID'
  | 'CONFIG_NOT_FOUND'
  | 'TASK_NAME_INVALID'
  | 'TASK_UNKNOWN'
  | 'ARGUMENT_INVALID'
  | 'INPUT_MISSING'
  | 'INPUT_UNREADABLE'
  | 'INPUT_CHANGED'
  | 'NAME_UNSUPPORTED'
  | 'OUTPUT_MISSING'
  | 'OUTPUT_UNREADABLE'
  | 'OUTPUT_CHANGED'
  | 'OUTPUT_FORBIDDEN'
  | 'OUTPUT_BLOCKED'
  | 'TOOL_FAILED'
  | 'GIT_FAILED'
  | 'HOOKS_REFUSED'
  | 'COMMAND_NOT_FOUND'
  | 'HASH_ALGORITHM_UNKNOWN'
  // What the vault found
  | 'ENTRY_NOT_FOUND'
  | 'ENTRY_TOO_LARGE'
  | 'ENTRY_DAMAGED'
  | 'BLOB_MISSING'
  | 'BLOB_CORRUPT'
  | 'DATABASE_CORRUPT'
  | 'DATABASE_BUSY'
  | 'DATABASE_UNAVAILABLE'
  | 'FORMAT_UNSUPPORTED'
  | 'AUDIT_BROKEN'
  // What the machine refused
  | 'DISK_FULL'
  | 'PERMISSION_DENIED'
  | 'TOO_MANY_OPEN_FILES'
  | 'IO_FAILED'
  // What a remote store answered
  | 'REMOTE_UNAVAILABLE'
  | 'REMOTE_REFUSED'
  | 'REMOTE_INVALID'
  // What a server tells its callers, besides the above
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'REQUEST_INVALID'
  | 'REQUEST_TOO_LARGE'
  | 'RATE_LIMITED'
  | 'QUOTA_EXCEEDED'
  | 'ENTRY_EXISTS'
  | 'BLOBS_MISSING'
  // What nobody has foreseen
  | 'BUG'

export interface ErrorDetails {
  /** What to do about it, as an instruction; printed on its own line. */
  readonly hint?: string
  readonly cause?: unknown
}

/**
 * A failure that a caller can act on. The message says what could not be done, why, and which value was received; it
 * never contains a secret. Anything else that is thrown is a bug.
 */
export class TaskVaultError extends Error {
  override readonly name = 'TaskVaultError'
  readonly code: ErrorCode
  readonly hint: string | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.hint = details.hint
  }
}

/**
 * Whether `error` is a TaskVaultError, with one of `codes` if any are given. Also true if it comes from another copy of
 * this module: the command is a bundle with its own copy, and loads the server.
 */
export function isTaskVaultError(error: unknown, ...codes: ErrorCode[]): error is TaskVaultError {
  if (!(error instanceof Error) || error.name !== 'TaskVaultError' || !('code' in error))
    return false
  return codes.length === 0 || codes.some((code) => code === error.code)
}

/** Whether what was thrown is a failure, ours or the system's; anything else is a bug, and nobody's to swallow. */
export function isFailure(error: unknown): boolean {
  return isTaskVaultError(error) || !isBug(error)
}

/** The `code` of an operating system error (`ENOENT`, …), or undefined. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

const BY_SYSTEM_CODE: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ENOSPC: ['DISK_FULL', 'Free some space, or run `taskvault cache prune`.'],
  EDQUOT: ['DISK_FULL', 'Free some space, or run `taskvault cache prune`.'],
  EACCES: ['PERMISSION_DENIED', 'Check who owns the path and its mode.'],
  EPERM: ['PERMISSION_DENIED', 'Check who owns the path and its mode.'],
  EROFS: ['PERMISSION_DENIED', 'The file system is read-only.'],
  EMFILE: ['TOO_MANY_OPEN_FILES', 'Raise the limit of open files (`ulimit -n`).'],
  ENFILE: ['TOO_MANY_OPEN_FILES', 'Raise the limit of open files (`ulimit -n`).'],
  ENOENT: ['IO_FAILED', 'Check the path: part of it does not exist.'],
  ENOTDIR: ['IO_FAILED', 'Check the path: part of it is not a directory.'],
  EISDIR: ['IO_FAILED', 'Check the path: it is a directory.'],
  EEXIST: ['IO_FAILED', 'Remove what has this name, or choose another name.'],
  ELOOP: ['IO_FAILED', 'Check the path: its symlinks form a loop.'],
  ENAMETOOLONG: ['IO_FAILED', 'Choose a shorter name.'],
  EIO: ['IO_FAILED', 'Check the system log for failures of the disk, or of the network to it.'],
}

/**
 * Turns an operating system error into `Could not <attempt>: <reason>`. A TaskVaultError is returned unchanged, so that
 * the first and most exact report wins. Anything else is a bug unrelated to the attempt, and is rethrown.
 */
export function asTaskVaultError(error: unknown, attempt: string): TaskVaultError {
  if (isTaskVaultError(error)) return error
  if (isBug(error)) throw error
  const [code, hint] = BY_SYSTEM_CODE[systemErrorCode(error) ?? ''] ?? ['IO_FAILED', undefined]
  const reason = reasonOf(error)
  const details = hint === undefined ? { cause: error } : { hint, cause: error }
  return new TaskVaultError(code, `Could not ${attempt}: ${reason}`, details)
}

/** What the system said; without the call and its paths where these lead through descriptors of this process. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.replace(/, [a-z]+ '\/proc\/self\/fd\/.*$/s, '')
}

/** What a program asks of the system when it is wrong itself. */
const CODES_OF_BUGS: ReadonlySet<string> = new Set(['EBADF', 'EFAULT', 'EINVAL'])

/**
 * Turns whatever was thrown into a failure, at the place where errors end. An operating system error that nothing has
 * described on its way is named by its own system call; anything else becomes a BUG with its stack.
 */
export function asFailure(error: unknown): TaskVaultError {
  if (isTaskVaultError(error)) return error
  return nameSystemFailure(error) ?? describeBug(error)
}

function nameSystemFailure(error: unknown): TaskVaultError | undefined {
  const code = systemErrorCode(error)
  if (!(error instanceof Error) || !('syscall' in error)) return undefined
  if (code === undefined || code.startsWith('ERR_') || CODES_OF_BUGS.has(code)) return undefined
  const path = 'path' in error ? String(error.path) : ''
  return asTaskVaultError(error, path === '' ? String(error.syscall) : `use ${path}`)
}

function describeBug(error: unknown): TaskVaultError {
  const stack = error instanceof Error ? error.stack : undefined
  return new TaskVaultError('BUG', `A bug in TaskVault: ${stack ?? String(error)}`, {
    hint: 'Please report it with the stack.',
    cause: error,
  })
}

/** A failure of the system has a code, and none of those that Node gives to a caller's mistakes. */
function isBug(error: unknown): boolean {
  const code = systemErrorCode(error)
  return code === undefined || code.startsWith('ERR_')
}
