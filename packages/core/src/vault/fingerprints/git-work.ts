import type { GitSource } from '../../git/list-files.ts'
import type { TaskKey } from '../../model/digest.ts'
import { withKey } from '../../model/fingerprint.ts'
import type { KeyedFingerprint } from '../../model/fingerprint.ts'
import { digestSelected } from './digest-files.ts'
import { fingerprintChanged } from './fingerprint-changed.ts'
import type { ChangedParts } from './fingerprint-changed.ts'
import { fingerprintSurroundings } from './fingerprint-task.ts'
import type { FingerprintContext, TaskFingerprintRequest } from './fingerprint-task.ts'
import { openGitInputs } from './git-inputs.ts'
import type { SelectedInputs } from './git-inputs.ts'
import { createKeyMemory } from './key-memory.ts'

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
  const { algorithm, contents } = context
  const { definition, projectRoot, source, env, gitEnv = env } = request
  const surroundings = await fingerprintSurroundings(request, { algorithm })
  const inputs = openGitInputs({ ...definition, projectRoot, source, env: gitEnv })
  const memory = createKeyMemory(surroundings, { algorithm, contents, rules: rulesOf(request) })

  async function findFromBasis(isComplete: boolean): Promise<KeyedFingerprint | undefined> {
    const { readEncoded } = context
    const basis = memory.findBasis(inputs)
    if (basis === undefined || readEncoded === undefined) return undefined
    const parts = { basis, inputs, algorithm, contents, readEncoded, isComplete }
    return await fingerprintChanged(parts)
  }

  async function fingerprintFiles(selected: SelectedInputs): Promise<KeyedFingerprint> {
    const changed = selected.followFromTree ? await findFromBasis(true) : undefined
    if (changed !== undefined) return changed
    const files = await digestSelected(selected.files(), algorithm, contents)
    return withKey({ ...surroundings, files }, algorithm)
  }

  /*
   * By the tree when it is known as a whole, or in what of it can matter; else by the files: most commits
   * change others. To list a commit takes longer than to ask git what is otherwise in it.
   */
  async function findKnown(): Promise<Known> {
    const byTree = memory.findByTree(inputs)
    if (byTree !== undefined) return { key: byTree }
    const work = source.kind === 'commit' ? await findFromBasis(false) : undefined
    if (work !== undefined) {
      memory.rememberTree(work.key, inputs)
      return { key: work.key, work }
    }
    const selected = inputs.select()
    const key = memory.findByRecords(selected.records)
    if (key !== undefined && selected.followFromTree) memory.rememberTree(key, inputs)
    return { key, selected }
  }

  const known = await findKnown()
  let { selected, work } = known
  return {
    knownKey: known.key,
    async fingerprint() {
      if (selected === undefined) work ??= await findFromBasis(false)
      if (work !== undefined) return work
      selected ??= inputs.select()
      const listed = await fingerprintFiles(selected)
      memory.remember(listed.key, inputs, selected)
      return listed
    },
    noteSaved() {
      if (work !== undefined || selected?.followFromTree === true) memory.rememberBasis(inputs)
    },
  }
}

interface Known {
  readonly key: TaskKey | undefined
  readonly selected?: SelectedInputs
  readonly work?: KeyedFingerprint
}

/** What decides which files of a tree are selected. */
function rulesOf({ definition, projectRoot }: GitWorkRequest): string {
  return JSON.stringify([SELECTION_RULES, definition.inputs, definition.outputs, projectRoot])
}
