import { isTaskVaultError } from '../../errors.ts'
import type { GitContents } from '../../git/git-contents.ts'
import type { HashAlgorithm } from '../../hashing/hash-algorithm.ts'
import type { TaskKey } from '../../model/digest.ts'
import { replaceFiles } from '../../model/fingerprint-lines.ts'
import { readWithKey } from '../../model/fingerprint.ts'
import type { KeyedFingerprint } from '../../model/fingerprint.ts'
import { digestSelected } from './digest-files.ts'
import type { GitInputs } from './git-inputs.ts'
import type { Basis } from './key-memory.ts'

export interface ChangedParts {
  readonly basis: Basis
  readonly inputs: GitInputs
  readonly algorithm: HashAlgorithm
  readonly contents: GitContents
  /** The encoded fingerprint that an entry was saved under; undefined when there is none. */
  readonly readEncoded: (key: TaskKey) => Promise<Buffer | undefined>
  /** Whether each pattern is known to select something; else none may have lost a file. */
  readonly isComplete: boolean
}

/**
 * The fingerprint of work that was done before with other files: the one of that time, with the files
 * replaced that git says are otherwise. Undefined where that cannot be, whatever is the matter: then all
 * files are listed, as the first time.
 */
export async function fingerprintChanged(
  parts: ChangedParts,
): Promise<KeyedFingerprint | undefined> {
  try {
    return await replaceChanged(parts)
  } catch (error) {
    if (!isTaskVaultError(error)) throw error
    return undefined
  }
}

async function replaceChanged({
  basis,
  inputs,
  algorithm,
  contents,
  readEncoded,
  isComplete,
}: ChangedParts): Promise<KeyedFingerprint | undefined> {
  // Git looks for what is otherwise while the fingerprint of that time is read.
  const [changes, before] = await Promise.all([
    inputs.findChanges(basis.treeId),
    readEncoded(basis.key),
  ])
  if (before === undefined || readWithKey(before, algorithm).key !== basis.key) return undefined
  if (changes === undefined) return undefined
  const present = changes.flatMap(({ file }) => file ?? [])
  if (!isComplete && present.length < changes.length) return undefined
  const digested = await digestSelected(present, algorithm, contents)
  const byPath = new Map(digested.map((file) => [file.relativePath, file]))
  const replaced = changes.map(({ relativePath }) => ({
    relativePath,
    file: byPath.get(relativePath),
  }))
  return readWithKey(replaceFiles(before, replaced), algorithm)
}
