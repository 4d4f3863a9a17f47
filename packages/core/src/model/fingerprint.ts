import type { HashAlgorithm } from '../hashing/hash-algorithm.ts'
import type { Digest, TaskKey } from './digest.ts'
import type { TaskName } from './task.ts'

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
  readonly task: TaskName
  /** Digest of the command's words; undefined when the caller runs it, as `cache save` does. */
  readonly command: Digest | undefined
  readonly salt: Digest | undefined
  /** Sorted by name, as UTF-16 code units; so are `tools` and, by path, `files`. */
  readonly env: readonly NamedInput[]
  readonly tools: readonly NamedInput[]
  readonly files: readonly FileInput[]
  /** Content given as bytes, a stream or a single path whose name does not count. */
  readonly content: Digest | undefined
}

export interface KeyedFingerprint {
  readonly key: TaskKey
  readonly fingerprint: Fingerprint
}

export type KeyOf = (fingerprint: Fingerprint, algorithm: HashAlgorithm) => TaskKey
