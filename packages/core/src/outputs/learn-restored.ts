import { TaskVaultError } from '../errors.ts'
import { identityOf } from '../files/scanning/directory-identity.ts'
import { encodeInputNode } from '../files/scanning/input-node.ts'
import { encodeListing, replaceTimes, setDirectory } from '../files/scanning/listing.ts'
import type { DirectoryIdentity } from '../files/scanning/listing.ts'
import { DIRECTORY_TYPE, typeOf } from '../files/scanning/observe-directory.ts'
import { rememberedTime } from '../files/scanning/scan-context.ts'
import type { HashAlgorithm } from '../hashing/hash-algorithm.ts'
import { digestFromBytes, digestToBytes } from '../model/digest.ts'
import type { Digest } from '../model/digest.ts'
import type { DirectoryEntry, TreeEntry } from '../model/tree.ts'
import type { FileIdentity } from '../store/unpacking/file-identity.ts'
import type { MadeDirectory } from './made-directory.ts'
import type { NestedNames, StagedDirectory } from './staged-directory.ts'

/*
 * What the stat cache is told of directories that a restore made, so that the save that follows reads only
 * what the job changed. Until the outputs are moved to their places nobody else can look into them, so that
 * what was noted as each name was finished still holds then. Who changes one later is found out by its times.
 */

export interface LearnContext {
  readonly algorithm: HashAlgorithm
  /** The numbers of the blobs that hold a content; undefined when it lies in one that cannot be shared. */
  blobsOf(digest: Buffer): readonly number[] | undefined
}

/**
 * The listing of a directory before anything in it is made: in the places of modes and times is what its names
 * are to get, times in microseconds, which milliseconds do not always give back.
 * @throws {TaskVaultError} ENTRY_DAMAGED when a digest has another length than the algorithm's.
 */
export function draftListing(
  entry: DirectoryEntry,
  entries: readonly TreeEntry[],
  context: LearnContext,
): Uint8Array {
  const { digestBytes } = context.algorithm
  const digests = joinDigests(entries, digestBytes)
  const unknown = new Float64Array(entries.length)
  const input = hasDirectory(entries)
    ? Buffer.alloc(digestBytes)
    : digestInputs({ entries, inputs: new Map() }, context.algorithm)
  return encodeListing({
    dev: 0,
    digestBytes,
    names: entries.map(({ name }) => name),
    ino: unknown,
    size: unknown,
    mtimeMs: new Float64Array(entries.map(({ mtimeUs }) => mtimeUs)),
    ctimeMs: unknown,
    mode: new Float64Array(entries.map((wanted) => (wanted.kind === 'symlink' ? 0 : wanted.mode))),
    digests,
    targets: entries.flatMap((wanted) => (wanted.kind === 'symlink' ? wanted.target : [])),
    node: { output: digestToBytes(entry.digest), input },
    self: undefined,
    blobs: blobsOf(entry, { entries, digests }, context),
  })
}

/** Raw digests of all entries; zeros for a link. */
function joinDigests(entries: readonly TreeEntry[], digestBytes: number): Buffer {
  const digests = Buffer.alloc(entries.length * digestBytes)
  entries.forEach((entry, index) => {
    if (entry.kind === 'symlink') return
    if (entry.digest.length !== digestBytes * 2)
      throw new TaskVaultError('ENTRY_DAMAGED', 'A tree node has a digest of another length')
    digests.write(entry.digest, index * digestBytes, digestBytes, 'hex')
  })
  return digests
}

export function hasDirectory(entries: readonly TreeEntry[]): boolean {
  return entries.some(({ kind }) => kind === 'directory')
}

/** Puts what a name is, now that it is finished, in the place of what it was to be. */
export function learnName(directory: StagedDirectory, index: number, found: FileIdentity): void {
  const { columns } = directory
  columns.ino[index] = found.ino
  columns.size[index] = found.size
  columns.mtimeMs[index] = found.mtimeMs
  columns.ctimeMs[index] = found.ctimeMs
  columns.mode[index] = found.mode
  if (typeOf(found.mode) !== DIRECTORY_TYPE) directory.dev = found.dev
}

/**
 * Completes the listing of a directory in which all is finished.
 * @param self what the directory itself is; undefined when it will change with its move.
 */
export function learnDirectory(
  directory: StagedDirectory,
  self: DirectoryIdentity | undefined,
  { algorithm }: Pick<LearnContext, 'algorithm'>,
): MadeDirectory {
  const { finalPath, displayPath, leafCount, listing, columns, nested, dev, parent } = directory
  const node = columns.node
  if (node === undefined) throw new Error('a directory that is made has a node')
  if (nested !== undefined) digestInputs(nested, algorithm).copy(node.input)
  parent?.directory.nested?.inputs.set(directory.entry.name, digestFromBytes(node.input))
  // When it is in its place it is known what of this is recent.
  setDirectory(listing, { dev, self: identityOf(self, Number.POSITIVE_INFINITY) })
  return { finalPath, displayPath, leafCount, listing }
}

/** Forgets the times, in a listing of what was made, of all that changed just before `movedAtMs`. */
export function forgetRecent({ listing }: MadeDirectory, movedAtMs: number): void {
  replaceTimes(listing, (times) =>
    typeOf(times.mode) === DIRECTORY_TYPE ? times.mtimeMs : rememberedTime(times, movedAtMs),
  )
}

function digestInputs({ entries, inputs }: NestedNames, algorithm: HashAlgorithm): Buffer {
  const text = encodeInputNode(entries, (name): Digest => {
    const digest = inputs.get(name)
    if (digest === undefined) throw new Error('subdirectories are finished before their parents')
    return digest
  })
  return algorithm.hash(Buffer.from(text))
}

function blobsOf(
  entry: DirectoryEntry,
  { entries, digests }: { readonly entries: readonly TreeEntry[]; readonly digests: Buffer },
  context: LearnContext,
): number[] | undefined {
  const { digestBytes } = context.algorithm
  const numbers = new Set<number>()
  const isStored = (digest: Buffer): boolean => {
    const holders = context.blobsOf(digest)
    for (const number of holders ?? []) numbers.add(number)
    return holders !== undefined
  }
  if (!isStored(digestToBytes(entry.digest))) return undefined
  const areStored = entries.every(
    ({ kind }, index) =>
      kind !== 'file' || isStored(digests.subarray(index * digestBytes, (index + 1) * digestBytes)),
  )
  return areStored ? [...numbers] : undefined
}
