import { realpathSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { TaskVaultError, isTaskVaultError } from '../../errors.ts'
import { hashPath } from '../../files/scanning/hash-path.ts'
import type { ScanContext } from '../../files/scanning/scan-context.ts'
import { createInputSelection } from '../../files/selection/input-selection.ts'
import { hashStream } from '../../hashing/hash-stream.ts'
import { openStream } from '../../hashing/open-stream.ts'
import type { ByteStream } from '../../hashing/open-stream.ts'
import { digestFromBytes } from '../../model/digest.ts'
import { withKey } from '../../model/fingerprint.ts'
import type { Fingerprint, KeyedFingerprint } from '../../model/fingerprint.ts'
import type { TaskName } from '../../model/task.ts'
import { digestWorkTreeFiles } from './digest-files.ts'

/** Bytes, a stream of bytes, or the content at a path; `-` is standard input. */
export type InputContent = Uint8Array | AsyncIterable<Uint8Array> | { readonly path: string }

export interface ContentFingerprintRequest {
  readonly task: TaskName
  readonly content: InputContent
  /** Opens what `-` reads; the process's own unless given. */
  readonly standardInput?: () => ByteStream
}

/**
 * Fingerprints work that depends on one input. Its name does not count: the same bytes give the same key from memory, a
 * stream, a file, a pipe or standard input. A directory counts as the files below it, each with its path in the
 * directory, kind, executable bit and content, without `.git`, `.taskvault` and empty directories.
 * @throws {TaskVaultError} INPUT_MISSING, INPUT_UNREADABLE, INPUT_CHANGED, NAME_UNSUPPORTED.
 */
export async function fingerprintContent(
  request: ContentFingerprintRequest,
  context: ScanContext,
): Promise<KeyedFingerprint> {
  const { algorithm } = context
  const parts = await digestContent(request, context)
  const nothing = {
    command: undefined,
    salt: undefined,
    env: [],
    tools: [],
    files: [],
    content: undefined,
  }
  return withKey({ algorithm: algorithm.name, task: request.task, ...nothing, ...parts }, algorithm)
}

type ContentParts = Pick<Fingerprint, 'files'> | Pick<Fingerprint, 'content'>

async function digestContent(
  request: ContentFingerprintRequest,
  context: ScanContext,
): Promise<ContentParts> {
  const { content, standardInput = () => process.stdin } = request
  const { algorithm } = context
  if (content instanceof Uint8Array) return { content: digestFromBytes(algorithm.hash(content)) }
  // A file's read stream has a path too.
  if (Symbol.asyncIterator in content) return { content: await hashStream(content, algorithm) }
  const { path } = content
  const stream = openInput(path, standardInput)
  if (stream !== undefined) return { content: await hashInput(path, stream, context) }
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats?.isDirectory() === true
    ? { files: digestDirectory(path, context) }
    : { content: hashPath(path, context) }
}

function openInput(path: string, standardInput: () => ByteStream): ByteStream | undefined {
  try {
    return openStream(path, standardInput)
  } catch (error) {
    throw unreadable(path, error)
  }
}

async function hashInput(
  path: string,
  stream: ByteStream,
  { algorithm }: ScanContext,
): ReturnType<typeof hashStream> {
  try {
    return await hashStream(stream, algorithm)
  } catch (error) {
    throw unreadable(path, error)
  }
}

function digestDirectory(path: string, context: ScanContext): Fingerprint['files'] {
  const projectRoot = realpathSync(resolve(path))
  const selection = createInputSelection(projectRoot, { patterns: ['?**'] })
  return digestWorkTreeFiles({ projectRoot, selection }, context)
}

function unreadable(path: string, error: unknown): TaskVaultError {
  if (isTaskVaultError(error)) return error
  const input = path === '-' ? 'standard input' : path
  // A stream of the caller's may fail with anything.
  const reason = error instanceof Error ? error.message : String(error)
  return new TaskVaultError('INPUT_UNREADABLE', `Could not read ${input}: ${reason}`, {
    hint: 'Check that it exists, who owns it, and its mode.',
    cause: error,
  })
}
