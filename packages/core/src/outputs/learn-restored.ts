import { identityOf } from '../files/directory-identity.ts'
import { encodeInputNode } from '../files/input-node.ts'
import { encodeListing } from '../files/listing.ts'
import type { DirectoryIdentity, Listing } from '../files/listing.ts'
import { rememberedTime } from '../files/scan-context.ts'
import type { ScanContext } from '../files/scan-context.ts'
import { digestFromBytes, digestToBytes } from '../model/digest.ts'
import type { Digest } from '../model/digest.ts'
import { IDENTITY_NUMBERS } from '../store/unpacking/file-identity.ts'
import type { StagedDirectory } from './staged-directory.ts'

export interface LearnContext {
  readonly scan: ScanContext
  /** The numbers of the blobs that hold a content; undefined when it lies in one that cannot be shared. */
  blobsOf(digest: Buffer): readonly number[] | undefined
}

/** What is known of a directory once it is in its place. */
export interface LearnedListing {
  readonly directory: string
  readonly listing: Uint8Array
}

/**
 * What the stat cache is told of every directory that a restore made, so that the save that follows reads
 * only what the job changed. Called before the outputs are moved to their places: until then nobody else can
 * look into them, so that what was noted as each name was finished still holds. Who changes one later is
 * found out by its times.
 */
export function learnRestored(
  directories: readonly StagedDirectory[],
  context: LearnContext,
): LearnedListing[] {
  const inputDigests = new Map<StagedDirectory, Digest>()
  return directories.toReversed().map((directory) => {
    const input = digestInputs(directory, context.scan, inputDigests)
    inputDigests.set(directory, digestFromBytes(input))
    const listing = encodeListing(describeRestored(directory, input, context))
    return { directory: directory.finalPath, listing }
  })
}

function digestInputs(
  { entries, children }: StagedDirectory,
  { algorithm }: ScanContext,
  inputDigests: ReadonlyMap<StagedDirectory, Digest>,
): Buffer {
  let next = 0
  const text = encodeInputNode(entries, () => {
    const child = children[next++]
    const digest = child === undefined ? undefined : inputDigests.get(child)
    if (digest === undefined) throw new Error('subdirectories are learned before their parents')
    return digest
  })
  return algorithm.hash(Buffer.from(text))
}

function describeRestored(
  directory: StagedDirectory,
  input: Buffer,
  context: LearnContext,
): Listing {
  const { entries, identities, digests } = directory
  const checkedAtMs = context.scan.now()
  const columns = createColumns(entries.length)
  const names: string[] = []
  const targets: string[] = []
  let dev = 0
  for (const [index, entry] of entries.entries()) {
    const at = index * IDENTITY_NUMBERS
    const [mtimeMs, ctimeMs] = [identities[at + 3] as number, identities[at + 4] as number]
    const isDirectory = entry.kind === 'directory'
    if (!isDirectory) dev = identities[at] as number
    columns.ino[index] = identities[at + 1] as number
    columns.size[index] = identities[at + 2] as number
    columns.mtimeMs[index] = isDirectory
      ? mtimeMs
      : rememberedTime({ mtimeMs, ctimeMs }, checkedAtMs)
    columns.ctimeMs[index] = ctimeMs
    columns.mode[index] = identities[at + 5] as number
    names.push(entry.name)
    if (entry.kind === 'symlink') targets.push(entry.target)
  }
  return {
    dev,
    digestBytes: context.scan.algorithm.digestBytes,
    names,
    ...columns,
    digests,
    targets,
    node: { output: digestToBytes(directory.entry.digest), input },
    self: identityOf(notedOf(directory), checkedAtMs),
    blobs: blobsOf(directory, context),
  }
}

/** What was noted of a directory itself when it was finished. */
function notedOf({ place }: StagedDirectory): DirectoryIdentity | undefined {
  if (place === undefined) return undefined
  const { identities, identityAt: at } = place
  return {
    dev: identities[at] as number,
    ino: identities[at + 1] as number,
    mtimeMs: identities[at + 3] as number,
    ctimeMs: identities[at + 4] as number,
  }
}

/** Side by side in one piece of memory: thousands of small ones cost more than what is in them. */
function createColumns(
  count: number,
): Pick<Listing, 'ino' | 'size' | 'mtimeMs' | 'ctimeMs' | 'mode'> {
  const numbers = new Float64Array(5 * count)
  const column = (index: number): Float64Array =>
    numbers.subarray(index * count, (index + 1) * count)
  return {
    ino: column(0),
    size: column(1),
    mtimeMs: column(2),
    ctimeMs: column(3),
    mode: column(4),
  }
}

function blobsOf(
  { entry, entries, digests }: StagedDirectory,
  context: LearnContext,
): number[] | undefined {
  const { digestBytes } = context.scan.algorithm
  const numbers = new Set<number>()
  const isStored = (digest: Buffer): boolean => {
    const holders = context.blobsOf(digest)
    for (const number of holders ?? []) numbers.add(number)
    return holders !== undefined
  }
  if (!isStored(digestToBytes(entry.digest))) return undefined
  for (const [index, { kind }] of entries.entries()) {
    if (kind !== 'file') continue
    if (!isStored(digests.subarray(index * digestBytes, (index + 1) * digestBytes)))
      return undefined
  }
  return [...numbers]
}
