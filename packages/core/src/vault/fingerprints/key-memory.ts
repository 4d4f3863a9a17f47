import type { GitContents } from '../../git/git-contents.ts'
import type { HashAlgorithm } from '../../hashing/hash-algorithm.ts'
import { digestFromBytes, digestToBytes } from '../../model/digest.ts'
import type { TaskKey } from '../../model/digest.ts'
import { encodeFingerprint } from '../../model/fingerprint.ts'
import type { Fingerprint } from '../../model/fingerprint.ts'
import type { GitInputs, SelectedInputs } from './git-inputs.ts'

/** The keys that a task's work had, by what git says of its files. */
export interface KeyMemory {
  findByTree(inputs: GitInputs): TaskKey | undefined
  findByRecords(records: Buffer): TaskKey | undefined
  remember(key: TaskKey, inputs: GitInputs, selected: SelectedInputs): void
  /** Only by the tree, of files that follow from it. */
  rememberTree(key: TaskKey, inputs: GitInputs): void
  /** The tree that was saved last, and its key: the next one mostly differs in a few files. */
  findBasis(inputs: GitInputs): Basis | undefined
  rememberBasis(inputs: GitInputs): void
}

export interface Basis {
  readonly treeId: string
  readonly key: TaskKey
}

export interface MemoryParts {
  readonly algorithm: HashAlgorithm
  readonly contents: GitContents
  /** What decides which files of a tree are selected. */
  readonly rules: string
}

/** Remembers beside the digests of git's blobs, under names that follow from everything but the files. */
export function createKeyMemory(
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
  const nameOfBasis = (): string => name(Buffer.from(`basis\0${rules}`))

  function findBytes(id: string): Buffer | undefined {
    return contents.find([id]).get(id)
  }

  function find(id: string): TaskKey | undefined {
    const digest = findBytes(id)
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

  function rememberTree(key: TaskKey, inputs: GitInputs): void {
    if (inputs.treeId === undefined) return
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
      if (selected.followFromTree) rememberTree(key, inputs)
    },
    rememberTree,
    findBasis(inputs) {
      const bytes = findBytes(nameOfBasis())
      if (bytes === undefined || inputs.treeId === undefined) return undefined
      const treeId = bytes.toString('hex').slice(0, inputs.treeId.length)
      const key = find(nameOfTree(treeId))
      return key === undefined ? undefined : { treeId, key }
    },
    rememberBasis(inputs) {
      if (inputs.treeId === undefined) return
      // The id of a tree may be shorter than a digest, and nothing else is kept here.
      const bytes = Buffer.alloc(algorithm.digestBytes)
      if (bytes.write(inputs.treeId, 'hex') < inputs.treeId.length / 2) return
      contents.remember(new Map([[nameOfBasis(), bytes]]))
    },
  }
}
