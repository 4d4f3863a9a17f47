import { TaskVaultError } from '../errors.ts'
import type { HashAlgorithm } from '../hashing/hash-algorithm.ts'
import { digestFromBytes, isDigest } from './digest.ts'
import type { Digest, TaskKey } from './digest.ts'
import { parseTaskName } from './task.ts'
import type { TaskName } from './task.ts'
import { escapeField, unescapeField } from './tree.ts'

/** One file that a task reads. */
export interface FileInput {
  /** Relative to the project root, with `/`. */
  readonly relativePath: string
  /** A symlink counts as its target's text, and is not followed. */
  readonly kind: 'file' | 'executable' | 'symlink'
  readonly digest: Digest
}

/** A named input whose value is kept as a digest only, so that no secret is stored. */
export interface NamedInput {
  readonly name: string
  /** Undefined: the variable is not set. */
  readonly digest: Digest | undefined
}

/** Everything that decides a task's result, in a fixed order. Kept, so that a miss can be explained. */
export interface Fingerprint {
  /** Name of the algorithm that all digests are of. */
  readonly algorithm: string
  readonly task: TaskName
  /** Digest of the command's words; undefined when the caller runs it, as `cache save` does. */
  readonly command: Digest | undefined
  readonly salt: Digest | undefined
  /** Digest of the patterns among the outputs, as the outputs' names do not tell all that patterns select. */
  readonly outputs?: Digest
  /** Sorted by name, as UTF-16 code units; so are `tools` and, by path, `files`. */
  readonly env: readonly NamedInput[]
  readonly tools: readonly NamedInput[]
  readonly files: readonly FileInput[]
  /** Content given as bytes, a stream or a single file whose name does not count. */
  readonly content: Digest | undefined
}

export interface KeyedFingerprint {
  readonly key: TaskKey
  readonly fingerprint: Fingerprint
  /** The fingerprint as `encodeFingerprint` writes it, if already encoded; see `encodingOf`. */
  readonly encoded?: Buffer
}

const HEADER = 'taskvault-fingerprint 1'
const UNSET = '-'
const FILE_KINDS: readonly FileInput['kind'][] = ['file', 'executable', 'symlink']

/**
 * A fingerprint as text, a line for each part; equal fingerprints give equal text, and different
 * ones different text. A change of this text changes every key, so it needs a new format version.
 */
export function encodeFingerprint(fingerprint: Fingerprint): string {
  let text = `${HEADER} ${fingerprint.algorithm}\ntask\t${fingerprint.task}\n`
  for (const part of ['command', 'salt', 'content', 'outputs'] as const) {
    if (fingerprint[part] !== undefined) text += `${part}\t${fingerprint[part]}\n`
  }
  for (const { name, digest } of fingerprint.env)
    text += `env\t${digest ?? UNSET}\t${escapeField(name)}\n`
  for (const { name, digest } of fingerprint.tools)
    text += `tool\t${digest ?? UNSET}\t${escapeField(name)}\n`
  for (const file of fingerprint.files) text += encodeFileInput(file)
  return text
}

/** The line of a file. */
export function encodeFileInput({ kind, digest, relativePath }: FileInput): string {
  return `${kind}\t${digest}\t${escapeField(relativePath)}\n`
}

/** A fingerprint with the key that it stands for. `algorithm` must be the one of its digests. */
export function withKey(fingerprint: Fingerprint, algorithm: HashAlgorithm): KeyedFingerprint {
  if (fingerprint.algorithm !== algorithm.name) {
    throw new Error(
      `a fingerprint of ${fingerprint.algorithm} digests has no ${algorithm.name} key`,
    )
  }
  const encoded = Buffer.from(encodeFingerprint(fingerprint))
  return { key: keyOf(encoded, algorithm), fingerprint, encoded }
}

/** An encoded fingerprint with its key; it is read when somebody looks at its parts, which few do. */
export function readWithKey(encoded: Buffer, algorithm: HashAlgorithm): KeyedFingerprint {
  let fingerprint: Fingerprint | undefined
  return {
    key: keyOf(encoded, algorithm),
    encoded,
    get fingerprint() {
      return (fingerprint ??= parseFingerprint(encoded.toString('utf8')))
    },
  }
}

function keyOf(encoded: Buffer, algorithm: HashAlgorithm): TaskKey {
  const key: string = digestFromBytes(algorithm.hash(encoded))
  return key as TaskKey
}

/** The fingerprint as it is stored. */
export function encodingOf(work: KeyedFingerprint): Buffer {
  return work.encoded ?? Buffer.from(encodeFingerprint(work.fingerprint))
}

/**
 * Reads a fingerprint, trusting nothing.
 * @throws {TaskVaultError} ENTRY_DAMAGED when any line is not what `encodeFingerprint` writes.
 */
export function parseFingerprint(text: string): Fingerprint {
  const [header = '', ...lines] = text.split('\n')
  if (lines.pop() !== '') throw damaged('the last line is cut off')
  const algorithm = header.slice(HEADER.length + 1)
  if (header !== `${HEADER} ${algorithm}` || algorithm === '')
    throw damaged('its first line is malformed')

  const parts: Partial<Record<string, string>> = {}
  const [env, tools, files]: [NamedInput[], NamedInput[], FileInput[]] = [[], [], []]
  for (const line of lines) {
    const [kind = '', value = '', escapedName, ...more] = line.split('\t')
    if (more.length > 0) throw damaged('a line has too many fields')
    if (escapedName === undefined) {
      if (Object.hasOwn(parts, kind)) throw damaged(`${kind} is there twice`)
      parts[kind] = value
      continue
    }
    const name = unescapeField(escapedName)
    if (kind === 'env') env.push({ name, digest: readOptionalDigest(value) })
    else if (kind === 'tool') tools.push({ name, digest: readOptionalDigest(value) })
    else files.push({ relativePath: name, kind: readFileKind(kind), digest: readDigest(value) })
  }
  const { task = '', command, salt, content, outputs, ...unknown } = parts
  if (Object.keys(unknown).length > 0) throw damaged('a line is of an unknown kind')
  return {
    algorithm,
    task: parseTaskName(task),
    command: command === undefined ? undefined : readDigest(command),
    salt: salt === undefined ? undefined : readDigest(salt),
    content: content === undefined ? undefined : readDigest(content),
    ...(outputs !== undefined && { outputs: readDigest(outputs) }),
    env,
    tools,
    files,
  }
}

function readFileKind(text: string): FileInput['kind'] {
  const kind = FILE_KINDS.find((known) => known === text)
  if (kind === undefined) throw damaged('a line is of an unknown kind')
  return kind
}

function readOptionalDigest(text: string): Digest | undefined {
  return text === UNSET ? undefined : readDigest(text)
}

function readDigest(text: string): Digest {
  if (!isDigest(text)) throw damaged('a digest is malformed')
  return text
}

function damaged(detail: string): TaskVaultError {
  return new TaskVaultError('ENTRY_DAMAGED', `A fingerprint is damaged: ${detail}`)
}
