import { createMemoryGitContents } from '../../git/git-contents.ts'
import type { GitContents } from '../../git/git-contents.ts'
import type { GitSource } from '../../git/list-files.ts'
import type { HashAlgorithm } from '../../hashing/hash-algorithm.ts'
import { digestFromBytes, digestToBytes } from '../../model/digest.ts'
import type { TaskKey } from '../../model/digest.ts'
import { encodeFingerprint, withKey } from '../../model/fingerprint.ts'
import type { Fingerprint, KeyedFingerprint } from '../../model/fingerprint.ts'
import { digestSelected } from './digest-files.ts'
import { fingerprintSurroundings } from './fingerprint-task.ts'
import type { FingerprintContext, TaskFingerprintRequest } from './fingerprint-task.ts'
import { createGitContentsTable } from './git-contents-table.ts'
import { openGitInputs } from './git-inputs.ts'
import type { GitInputs, SelectedInputs } from './git-inputs.ts'

/** Work whose files are in git. */
export interface GitWork {
  /** The key, told without looking at each file; undefined when this content was not asked for before. */
  readonly knownKey: TaskKey | undefined
  /**
   * The whole fingerprint, of the very files that `knownKey` is about; its key is remembered.
   * @throws {TaskVaultError} GIT_FAILED.
   */
  fingerprint(): Promise<KeyedFingerprint>
}

export interface GitWorkRequest extends TaskFingerprintRequest {
  readonly source: GitSource
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
  context: FingerprintContext,
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
  return {
    knownKey: known.key,
    async fingerprint() {
      const selected = known.selected ?? inputs.select()
      const files = await digestSelected(selected.files(), algorithm, contents)
      const work = withKey({ ...surroundings, files }, algorithm)
      memory.remember(work.key, inputs, selected)
      return work
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

interface KeyMemory {
  findByTree(inputs: GitInputs): TaskKey | undefined
  findByRecords(records: Buffer): TaskKey | undefined
  remember(key: TaskKey, inputs: GitInputs, selected: SelectedInputs): void
  /** Only by the tree. */
  rememberTree(key: TaskKey, inputs: GitInputs, selected: SelectedInputs): void
}

interface MemoryParts {
  readonly algorithm: HashAlgorithm
  readonly contents: GitContents
  readonly rules: string
}

function createKeyMemory(
  surroundings: Fingerprint,
  { algorithm, contents, rules }: MemoryParts,
): KeyMemory {
  const others = Buffer.from(`${encodeFingerprint(surroundings)}\0`)
  const name = (...parts: readonly Buffer[]): string =>
    `key:${algorithm.hash(Buffer.concat([others, ...parts])).toString('hex')}`
  const nameOfTree = (treeId: string): string => name(Buffer.from(`tree\0${rules}\0${treeId}`))
  const nameOfOutline = (outline: string): string =>
    name(Buffer.from(`outline\0${rules}\0${outline}`))
  const nameOfRecords = (records: Buffer): string => name(Buffer.from('files\0'), records)

  function find(id: string): TaskKey | undefined {
    const digest = contents.find([id]).get(id)
    if (digest === undefined) return undefined
    const key: string = digestFromBytes(digest)
    return key as TaskKey
  }

  function findByTree(inputs: GitInputs): TaskKey | undefined {
    if (inputs.treeId === undefined) return undefined
    const key = find(nameOfTree(inputs.treeId))
    if (key !== undefined) return key
    const outline = inputs.outline()
    return outline === undefined ? undefined : find(nameOfOutline(outline))
  }

  function rememberTree(key: TaskKey, inputs: GitInputs, selected: SelectedInputs): void {
    if (inputs.treeId === undefined || !selected.followFromTree) return
    const outline = inputs.outline()
    const names = [
      nameOfTree(inputs.treeId),
      ...(outline === undefined ? [] : [nameOfOutline(outline)]),
    ]
    contents.remember(new Map(names.map((each) => [each, digestToBytes(key)])))
  }

  return {
    findByTree,
    findByRecords: (records) => find(nameOfRecords(records)),
    remember(key, inputs, selected) {
      contents.remember(new Map([[nameOfRecords(selected.records), digestToBytes(key)]]))
      rememberTree(key, inputs, selected)
    },
    rememberTree,
  }
}
