import type { ErrorCode } from '@taskvault/core'

/** Why a process ended, by name. */
export type ExitName =
  | 'ok'
  | 'miss'
  | 'usage'
  | 'damaged'
  | 'input'
  | 'unavailable'
  | 'bug'
  | 'output'
  | 'io'
  | 'permission'
  | 'config'
  | 'command-not-found'
  | 'interrupted'

interface ExitCodeRow {
  readonly code: number
  readonly meaning: string
}

/*
 * Failures of TaskVault itself are 64 and above (the numbers of BSD's sysexits.h), so that
 * `taskvault run` can pass a command's own status through and the two are told apart at a glance.
 */
const TABLE: Readonly<Record<ExitName, ExitCodeRow>> = {
  ok: { code: 0, meaning: 'Done. `restore`, `cache get`: a hit, and the outputs are in place.' },
  miss: {
    code: 1,
    meaning:
      '`restore`, `cache get`: a miss. `cache show`, `cache rm`, `why`: no such entry. `keys revoke`: no such key. `hooks doctor`: hooks do not run.',
  },
  usage: {
    code: 64,
    meaning: 'The command line is wrong: unknown option, missing argument, bad task name.',
  },
  damaged: {
    code: 65,
    meaning: 'Something stored is damaged: blobs, entries, the index or the audit log.',
  },
  input: {
    code: 66,
    meaning: 'An input is missing, cannot be read, or changed while it was read.',
  },
  unavailable: {
    code: 69,
    meaning:
      'The vault cannot be used now: locked, no SQLite, a newer format; or a server does not answer.',
  },
  bug: {
    code: 70,
    meaning: 'A bug in TaskVault; the stack is printed. Tasks run anyway, with a warning.',
  },
  output: {
    code: 73,
    meaning:
      'An output is missing, is outside the project, or cannot be put in place. `hooks`: the existing hooks are not ours to change.',
  },
  io: {
    code: 74,
    meaning: 'The machine refused: disk full, too many open files, another I/O error.',
  },
  permission: {
    code: 77,
    meaning: 'This user may not read or write a file or directory; or a server refuses.',
  },
  config: { code: 78, meaning: 'The configuration is invalid, or the named file does not exist.' },
  'command-not-found': { code: 127, meaning: '`run`: the command does not exist.' },
  interrupted: { code: 130, meaning: 'Stopped by Ctrl-C; other signals: 128 plus their number.' },
}

/** The number of an exit code, by name. */
export const EXIT: Readonly<Record<ExitName, number>> = Object.fromEntries(
  Object.entries(TABLE).map(([name, row]) => [name, row.code]),
) as Record<ExitName, number>

const BY_ERROR: Readonly<Record<ErrorCode, ExitName>> = {
  CONFIG_INVALID: 'config',
  CONFIG_NOT_FOUND: 'config',
  TASK_NAME_INVALID: 'usage',
  TASK_UNKNOWN: 'usage',
  ARGUMENT_INVALID: 'usage',
  HASH_ALGORITHM_UNKNOWN: 'usage',
  INPUT_MISSING: 'input',
  INPUT_UNREADABLE: 'input',
  INPUT_CHANGED: 'input',
  NAME_UNSUPPORTED: 'input',
  TOOL_FAILED: 'input',
  GIT_FAILED: 'input',
  OUTPUT_MISSING: 'output',
  OUTPUT_UNREADABLE: 'output',
  OUTPUT_CHANGED: 'output',
  OUTPUT_FORBIDDEN: 'output',
  OUTPUT_BLOCKED: 'output',
  HOOKS_REFUSED: 'output',
  COMMAND_NOT_FOUND: 'command-not-found',
  ENTRY_NOT_FOUND: 'miss',
  ENTRY_TOO_LARGE: 'output',
  ENTRY_DAMAGED: 'damaged',
  BLOB_MISSING: 'damaged',
  BLOB_CORRUPT: 'damaged',
  DATABASE_CORRUPT: 'damaged',
  AUDIT_BROKEN: 'damaged',
  DATABASE_BUSY: 'unavailable',
  DATABASE_UNAVAILABLE: 'unavailable',
  FORMAT_UNSUPPORTED: 'unavailable',
  DISK_FULL: 'io',
  TOO_MANY_OPEN_FILES: 'io',
  IO_FAILED: 'io',
  REMOTE_UNAVAILABLE: 'unavailable',
  REMOTE_REFUSED: 'permission',
  REMOTE_INVALID: 'unavailable',
  UNAUTHENTICATED: 'permission',
  FORBIDDEN: 'permission',
  NOT_FOUND: 'miss',
  REQUEST_INVALID: 'usage',
  REQUEST_TOO_LARGE: 'usage',
  RATE_LIMITED: 'unavailable',
  QUOTA_EXCEEDED: 'permission',
  ENTRY_EXISTS: 'permission',
  BLOBS_MISSING: 'unavailable',
  PERMISSION_DENIED: 'permission',
  BUG: 'bug',
}

/** The exit code that a failure ends the process with. */
export function exitCodeOfError(code: ErrorCode): number {
  return EXIT[BY_ERROR[code]]
}

/** The table as text, for the end of `--help`. */
export function renderExitCodesForHelp(): string {
  const lines = Object.values(TABLE).map(
    (row) => `  ${String(row.code).padStart(3)}  ${row.meaning}`,
  )
  return [
    'Exit codes:',
    ...lines,
    '',
    '`run` exits with the status of the command, run or replayed.',
  ].join('\n')
}

/** The table as a page of the documentation: docs/exit-codes.md. */
export function renderExitCodesPage(): string {
  const rows = Object.entries(TABLE).map(([name, row]) => {
    const codes = Object.entries(BY_ERROR).flatMap(([code, exit]) => (exit === name ? [code] : []))
    const errors = codes.map((code) => `\`${code}\``).join(', ')
    return `| ${row.code} | \`${name}\` | ${row.meaning} | ${errors} |`
  })
  return `# Exit codes

<!-- Generated from packages/cli/src/exit-codes.ts by scripts/write-exit-codes.ts; do not edit. -->

Failures of TaskVault itself are 64 and above. \`taskvault run\` exits with the status of the command,
whether it ran or was replayed; with \`--json\`, an error is printed on standard error as
\`{"code": …, "message": …, "hint": …}\`, with the error code from the last column; \`hint\` is null if there is none.

| Exit code | Name | Meaning | Error codes |
| ---: | --- | --- | --- |
${rows.join('\n')}
`
}
