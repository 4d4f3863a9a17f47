import { execFile } from 'node:child_process'
import type { ExecFileException } from 'node:child_process'
import { TaskVaultError } from '../../errors.ts'
import type { Environment } from '../../git/run-git.ts'
import type { HashAlgorithm } from '../../hashing/hash-algorithm.ts'
import { digestFromBytes } from '../../model/digest.ts'
import type { Digest } from '../../model/digest.ts'
import type { NamedInput } from '../../model/fingerprint.ts'
import { splitWords } from '../../model/split-words.ts'

const TIMEOUT_MS = 30_000
const MAX_OUTPUT_BYTES = 1024 * 1024

export interface ToolOptions {
  readonly projectRoot: string
  readonly env: Environment
  readonly algorithm: HashAlgorithm
  /** Ends tools that still run. */
  readonly signal?: AbortSignal | undefined
  /** How long a tool may take; 30 s unless a test says otherwise. */
  readonly timeoutMs?: number
}

/**
 * Asks each declared tool for its version, all at the same time: what a command prints is an input.
 * Only what the user declared is ever run, in the project root, and without a shell.
 * @param commands each once.
 * @throws {TaskVaultError} TOOL_FAILED when one is not there, fails, or takes too long;
 * ARGUMENT_INVALID when a command cannot be split into words.
 */
export async function digestTools(
  commands: readonly string[],
  options: ToolOptions,
): Promise<NamedInput[]> {
  const words = commands.map(splitWords)
  return await Promise.all(
    commands.map(async (name, index) => ({
      name,
      digest: await digestTool(name, words[index] ?? [], options),
    })),
  )
}

async function digestTool(
  name: string,
  words: readonly string[],
  options: ToolOptions,
): Promise<Digest> {
  const [program = '', ...args] = words
  const { projectRoot, env, signal, timeoutMs = TIMEOUT_MS } = options
  return await new Promise((resolve, reject) => {
    const settings = {
      cwd: projectRoot,
      env: withPlainOutput(env),
      encoding: 'buffer',
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: MAX_OUTPUT_BYTES,
      windowsHide: true,
      signal,
    } as const
    const child = execFile(program, args, settings, (error, stdout, stderr) => {
      if (error === null) resolve(digestOutput(stdout, stderr, options.algorithm))
      else reject(failed(name, describeFailure(error, { stderr, timeoutMs }), error))
    })
    // A tool that asks a question must not wait for an answer.
    child.stdin?.end()
  })
}

/** The two outputs apart, so that text cannot move from one to the other unnoticed. */
function digestOutput(stdout: Buffer, stderr: Buffer, algorithm: HashAlgorithm): Digest {
  const lengths = Buffer.from(`${stdout.length} ${stderr.length}\n`)
  return digestFromBytes(algorithm.hash(Buffer.concat([lengths, stdout, stderr])))
}

/** A version must not depend on the user's language or on whether a terminal or a CI is around. */
function withPlainOutput(env: Environment): NodeJS.ProcessEnv {
  const { FORCE_COLOR: _force, CLICOLOR_FORCE: _clicolor, ...rest } = env
  return { ...rest, LC_ALL: 'C', LANGUAGE: '', NO_COLOR: '1' }
}

interface Failure {
  readonly stderr: Buffer
  readonly timeoutMs: number
}

function describeFailure(error: ExecFileException, { stderr, timeoutMs }: Failure): string {
  if (error.code === 'ENOENT') return 'there is no such program'
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER')
    return `it printed more than ${MAX_OUTPUT_BYTES} bytes`
  if (error.killed === true) return `it took longer than ${timeoutMs} ms`
  const complaint = stderr.toString('utf8').trim().split('\n')[0] ?? ''
  const end = typeof error.code === 'number' ? `it exited with ${error.code}` : error.message
  return complaint === '' ? end : `${end}: ${complaint.slice(0, 200)}`
}

function failed(name: string, because: string, cause: unknown): TaskVaultError {
  return new TaskVaultError(
    'TOOL_FAILED',
    `The tool ${JSON.stringify(name)} did not report its version: ${because}`,
    {
      hint: 'Run it by hand in the project root; correct the command under `tools`, or remove it.',
      cause,
    },
  )
}
