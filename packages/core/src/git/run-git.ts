import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { accessSync, constants, realpathSync } from 'node:fs'
import { delimiter, dirname, isAbsolute, join } from 'node:path'
import { TaskVaultError } from '../errors.ts'
import { isWithin } from '../files/is-within.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export interface GitOptions {
  /** Where git runs: the root of a work tree. */
  readonly workTree: string
  /** The outermost work tree; no program inside it is ever taken for git. */
  readonly project: string
  readonly env: Environment
  /** The index to read; the work tree's own unless given. */
  readonly indexFile?: string | undefined
  /** Ends a git that was started, which is a failure of it. */
  readonly signal?: AbortSignal | undefined
}

/*
 * A repository is input, and its configuration can name programs: a file system monitor, hooks,
 * transports that fetch what a partial clone lacks. None of them may run because somebody computes
 * a key. Filters (`clean`, `smudge`, `textconv`) are not run by the plumbing that we use.
 */
const SAFE_CONFIGURATION = ['-c', 'core.fsmonitor=', '-c', 'core.hooksPath=/dev/null']
const SAFE_ENVIRONMENT = {
  GIT_OPTIONAL_LOCKS: '0',
  GIT_TERMINAL_PROMPT: '0',
  GIT_NO_LAZY_FETCH: '1',
  // Older versions of git do not know the line above; no transport has this name.
  GIT_ALLOW_PROTOCOL: 'none',
  // What `git replace` shows instead of an object is for this machine only.
  GIT_NO_REPLACE_OBJECTS: '1',
  LC_ALL: 'C',
}

/**
 * Variables of a git that called us, as a hook for instance: they describe its repository and its
 * directory, which need not be ours. Which repository is meant follows from the work tree alone.
 */
const FOREIGN_VARIABLES = new Set([
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_COMMON_DIR',
  'GIT_INDEX_FILE',
  'GIT_PREFIX',
  'GIT_NAMESPACE',
  'GIT_LITERAL_PATHSPECS',
  'GIT_GLOB_PATHSPECS',
  'GIT_NOGLOB_PATHSPECS',
  'GIT_ICASE_PATHSPECS',
  'GIT_EXEC_PATH',
])

/**
 * Runs one git command in a work tree and returns what it prints.
 * @throws {TaskVaultError} GIT_FAILED when there is no git, or it fails.
 */
export function runGit(args: readonly string[], options: GitOptions): Buffer {
  const { program, words, settings } = prepare(args, options)
  const result = spawnSync(program, words, { ...settings, maxBuffer: Number.POSITIVE_INFINITY })
  if (result.error !== undefined) throw failed(args, result.error.message)
  if (result.status !== 0)
    throw failed(args, describeEnd(String(result.stderr), result.signal ?? result.status))
  return result.stdout
}

/** What git prints with `-z`: records that each end with a zero byte. */
export function splitRecords(listing: Buffer): Buffer[] {
  const records: Buffer[] = []
  for (
    let at = 0, end = listing.indexOf(0);
    end !== -1;
    at = end + 1, end = listing.indexOf(0, at)
  ) {
    records.push(listing.subarray(at, end))
  }
  return records
}

export interface RunningGit {
  readonly child: ChildProcessWithoutNullStreams
  /** Waits for the end. @throws {TaskVaultError} GIT_FAILED unless it succeeded. */
  finish(): Promise<void>
}

/** Starts one git command; the caller feeds it, reads what it prints, and waits with `finish`. */
export function startGit(args: readonly string[], options: GitOptions): RunningGit {
  const { program, words, settings } = prepare(args, options)
  const child = spawn(program, words, { ...settings, signal: options.signal })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (complaint.length < 4_000) complaint += text
  })
  // When git ends early, what it has not read yet cannot be written; its exit status says why.
  child.stdin.on('error', () => {})
  const ended = new Promise<void>((resolve, reject) => {
    child.on('error', (error) => reject(failed(args, error.message)))
    child.on('close', (code, signal) => {
      if (code === 0) resolve()
      else reject(failed(args, describeEnd(complaint, signal ?? code)))
    })
  })
  // The failure is reported by `finish`, which may not have been called yet.
  ended.catch(() => {})
  return { child, finish: () => ended }
}

/** What one git command prints that is asked nothing more; others go on meanwhile. */
export async function readGit(args: readonly string[], options: GitOptions): Promise<Buffer> {
  const git = startGit(args, options)
  git.child.stdin.end()
  const pieces: Buffer[] = []
  for await (const piece of git.child.stdout) pieces.push(piece as Buffer)
  await git.finish()
  return Buffer.concat(pieces)
}

interface Prepared {
  readonly program: string
  readonly words: string[]
  readonly settings: {
    readonly cwd: string
    readonly env: NodeJS.ProcessEnv
    readonly windowsHide: true
  }
}

function prepare(args: readonly string[], options: GitOptions): Prepared {
  const program = findProgram('git', options)
  if (program === undefined) throw notInstalled()
  const variables = Object.entries(options.env).filter(([name]) => !FOREIGN_VARIABLES.has(name))
  const index = options.indexFile === undefined ? {} : { GIT_INDEX_FILE: options.indexFile }
  const env = { ...Object.fromEntries(variables), ...SAFE_ENVIRONMENT, ...index }
  const words = [...SAFE_CONFIGURATION, ...args]
  return { program, words, settings: { cwd: options.workTree, env, windowsHide: true } }
}

/** What git says went wrong, without its advice, on one line. */
function describeEnd(complaint: string, status: string | number | null): string {
  const lines = complaint.split('\n').filter((line) => line.trim() !== '')
  const faults = lines.filter((line) => /^(?:fatal|error): /.test(line))
  if (lines.length === 0) return `it ended with ${status}`
  return (faults.length === 0 ? lines : faults).join('; ')
}

/**
 * An executable on the search path. Directories inside the work tree, and relative ones, are left
 * out: a project must not be able to supply the program, as `node_modules/.bin/git` for instance.
 */
export function findProgram(
  name: string,
  { project, env }: Pick<GitOptions, 'project' | 'env'>,
): string | undefined {
  const suffixes = process.platform === 'win32' ? ['.exe'] : ['']
  const searchPath = env['PATH'] ?? env['Path'] ?? ''
  for (const directory of searchPath.split(delimiter)) {
    if (!isAbsolute(directory)) continue
    for (const suffix of suffixes) {
      const program = join(directory, name + suffix)
      if (isExecutable(program) && !isInside(directory, project) && !isInside(program, project))
        return program
    }
  }
  return undefined
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function isInside(path: string, directory: string): boolean {
  const root = realpathSync(directory)
  // A work tree that is the whole file system holds every program.
  if (dirname(root) === root) return false
  return isWithin(realpathSync(path), root)
}

function failed(args: readonly string[], because: string): TaskVaultError {
  const hint = because.includes('dubious ownership')
    ? 'The repository belongs to somebody else: allow it with `git config --global --add safe.directory <path>`.'
    : 'Run the same git command by hand to see more.'
  return new TaskVaultError('GIT_FAILED', `git ${args.join(' ')} failed: ${because}`, { hint })
}

function notInstalled(): TaskVaultError {
  return new TaskVaultError('GIT_FAILED', 'There is no git on the search path', {
    hint: 'Install git; it is needed to read the index and commits.',
  })
}
