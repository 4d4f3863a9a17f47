import { createMemoryGitContents } from '../../git/git-contents.ts'
import type { GitSource } from '../../git/list-files.ts'
import type { TaskKey } from '../../model/digest.ts'
import { withKey } from '../../model/fingerprint.ts'
import type { KeyedFingerprint } from '../../model/fingerprint.ts'
import { digestSelected } from './digest-files.ts'
import { fingerprintChanged } from './fingerprint-changed.ts'
import type { ChangedParts } from './fingerprint-changed.ts'
import { fingerprintSurroundings } from './fingerprint-task.ts'
import type { FingerprintContext, TaskFingerprintRequest } from './fingerprint-task.ts'
import { createGitContentsTable } from './git-contents-table.ts'
import { openGitInputs } from './git-inputs.ts'
import type { GitInputs, SelectedInputs } from './git-inputs.ts'
import { createKeyMemory } from './key-memory.ts'
import type { KeyMemory } from './key-memory.ts'

/** Work whose files are in git. */
export interface GitWork {
  /** The key, told without looking at each file; undefined when this content was not asked for before. */
  readonly knownKey: TaskKey | undefined
  /**
   * The whole fingerprint, of the very files that `knownKey` is about; its key is remembered.
   * @throws {TaskVaultError} GIT_FAILED.
   */
  fingerprint(): Promise<KeyedFingerprint>
  /** Notes that an entry has the fingerprint now: those of other files are made from it. */
  noteSaved(): void
}

export interface GitWorkRequest extends TaskFingerprintRequest {
  readonly source: GitSource
}

export interface GitWorkContext extends FingerprintContext {
  /** See `fingerprintChanged`; without it, every file is listed each time. */
  readonly readEncoded?: ChangedParts['readEncoded']
}

/** Raised whenever a pattern comes to select other files than before: a tree is known by what it selected. */
const SELECTION_RULES = 1

/**
 * Opens work whose files are in the index or in a commit. Its key is a function of git's ids for the
 * files, or for the tree that they are part of, and of everything else that counts; so it is remembered
 * by these, beside the digests of git's blobs.
 * @throws {TaskVaultError} as `fingerprintTask` does.
 */
export async function openGitWork(
  request: GitWorkRequest,
  context: GitWorkContext,
): Promise<GitWork> {
  const { algorithm, database } = context
  const { definition, projectRoot, source, env, gitEnv = env } = request
  const contents =
    database === undefined ? createMemoryGitContents() : createGitContentsTable(database, algorithm)
  const abort = new AbortController()
  const surroundings = await fingerprintSurroundings(request, { algorithm, signal: abort.signal })
  const inputs = openGitInputs({ ...definition, projectRoot, source, env: gitEnv })
  const memory = createKeyMemory(surroundings, { algorithm, contents, rules: rulesOf(request) })
  const known = findKnown(inputs, memory)

  async function fingerprintFiles(selected: SelectedInputs): Promise<KeyedFingerprint> {
    const { readEncoded } = context
    const basis = selected.followFromTree ? memory.findBasis(inputs) : undefined
    if (basis !== undefined && readEncoded !== undefined) {
      const parts = { basis, inputs, algorithm, contents, readEncoded }
      const changed = await fingerprintChanged(parts)
      if (changed !== undefined) return changed
    }
    const files = await digestSelected(selected.files(), algorithm, contents)
    return withKey({ ...surroundings, files }, algorithm)
  }

  let { selected } = known
  return {
    knownKey: known.key,
    async fingerprint() {
      selected ??= inputs.select()
      const work = await fingerprintFiles(selected)
      memory.remember(work.key, inputs, selected)
      return work
    },
    noteSaved() {
      if (selected?.followFromTree === true) memory.rememberBasis(inputs)
    },
  }
}

/** What decides which files of a tree are selected. */
function rulesOf({ definition, projectRoot }: GitWorkRequest): string {
  return JSON.stringify([SELECTION_RULES, definition.inputs, definition.outputs, projectRoot])
}

interface Known {
  readonly key: TaskKey | undefined
  readonly selected: SelectedInputs | undefined
}

/**
 * By the tree when it is known as a whole, or in what of it can matter; else by the files: most commits
 * change others.
 */
function findKnown(inputs: GitInputs, memory: KeyMemory): Known {
  const byTree = memory.findByTree(inputs)
  if (byTree !== undefined) return { key: byTree, selected: undefined }
  const selected = inputs.select()
  const key = memory.findByRecords(selected.records)
  if (key !== undefined) memory.rememberTree(key, inputs, selected)
  return { key, selected }
}
