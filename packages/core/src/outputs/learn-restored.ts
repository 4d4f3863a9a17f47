import { lstatSync, readlinkSync } from 'node:fs'
import { systemErrorCode } from '../errors.ts'
import { encodeInputNode } from '../files/input-node.ts'
import { encodeListing } from '../files/listing.ts'
import type { Listing } from '../files/listing.ts'
import { rememberedTime } from '../files/scan-context.ts'
import type { ScanContext } from '../files/scan-context.ts'
import { digestFromBytes, digestToBytes } from '../model/digest.ts'
import type { Digest } from '../model/digest.ts'
import type { TreeEntry } from '../model/tree.ts'
import { IDENTITY_NUMBERS } from '../store/unpacking/unpack-batch.ts'
import type { StagedDirectory } from './staged-directory.ts'

export interface LearnContext {
  readonly scan: ScanContext
  /** The numbers of the blobs that hold a content; undefined when it lies in one that cannot be shared. */
  blobsOf(digest: Digest): readonly number[] | undefined
}

/**
 * Tells the stat cache of every directory that a restore made, so that the save that follows reads
 * only what the job changed. Called when the outputs are in place.
 */
export function learnRestored(
  directories: readonly StagedDirectory[],
  context: LearnContext,
): void {
  const inputDigests = new Map<string, Digest>()
  const checkedAtMs = context.scan.now()
  for (const directory of directories.toReversed()) {
    const inputText = encodeInputNode(directory.entries, (name) => {
      const digest = inputDigests.get(`${directory.stagedPath}/${name}`)
      if (digest === undefined) throw new Error('subdirectories are learned before their parents')
      return digest
    })
    const input = context.scan.algorithm.hash(Buffer.from(inputText))
    inputDigests.set(directory.stagedPath, digestFromBytes(input))
    const listing = describeRestored(directory, input, { ...context, checkedAtMs })
    if (listing !== undefined)
      context.scan.statCache.write(directory.finalPath, encodeListing(listing))
  }
}

function describeRestored(
  directory: StagedDirectory,
  input: Buffer,
  context: LearnContext & { readonly checkedAtMs: number },
): Listing | undefined {
  const { digestBytes } = context.scan.algorithm
  const count = directory.entries.length
  const columns = Array.from({ length: 5 }, () => new Float64Array(count))
  const digests = Buffer.alloc(count * digestBytes)
  let [dev, at] = [0, 0]
  for (const [index, entry] of directory.entries.entries()) {
    const identity =
      entry.kind === 'file'
        ? directory.identities.subarray(at, (at += IDENTITY_NUMBERS))
        : identify(directory, entry)
    if (identity === undefined) return undefined
    const [device = 0, ino, size, mtimeMs = 0, ctimeMs = 0, mode] = identity as unknown as number[]
    const isDirectory = entry.kind === 'directory'
    if (!isDirectory) dev = device
    const remembered = isDirectory
      ? mtimeMs
      : rememberedTime({ mtimeMs, ctimeMs }, context.checkedAtMs)
    for (const [column, value] of [ino, size, remembered, ctimeMs, mode].entries()) {
      ;(columns[column] as Float64Array)[index] = value ?? 0
    }
    if (entry.kind !== 'symlink') digestToBytes(entry.digest).copy(digests, index * digestBytes)
  }
  const [ino, size, mtimeMs, ctimeMs, mode] = columns as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ]
  const output = digestToBytes(directory.entry.digest)
  return {
    dev,
    digestBytes,
    names: directory.entries.map((entry) => entry.name),
    ino,
    size,
    mtimeMs,
    ctimeMs,
    mode,
    digests,
    targets: directory.entries.flatMap((entry) => (entry.kind === 'symlink' ? entry.target : [])),
    node: { output, input },
    // Somebody may have added a name since it was restored.
    self: undefined,
    blobs: blobsOf(directory, context),
  }
}

/**
 * What files had noted when they were made, which spares a call for each. Undefined when it is not
 * what was restored, or cannot be looked at: the outputs are in place, and what is not learned is read.
 */
function identify(directory: StagedDirectory, entry: TreeEntry): ArrayLike<number> | undefined {
  const path = `${directory.finalPath}/${entry.name}`
  try {
    const stats = lstatSync(path)
    // Somebody may have replaced it already, and made it another's before we looked.
    if (entry.kind === 'symlink' && readlinkSync(path) !== entry.target) return undefined
    return [stats.dev, stats.ino, stats.size, stats.mtimeMs, stats.ctimeMs, stats.mode]
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return undefined
  }
}

function blobsOf(directory: StagedDirectory, context: LearnContext): number[] | undefined {
  const numbers = new Set<number>()
  const files = directory.entries.flatMap((entry) => (entry.kind === 'file' ? entry.digest : []))
  for (const digest of [directory.entry.digest, ...files]) {
    const holders = context.blobsOf(digest)
    if (holders === undefined) return undefined
    for (const number of holders) numbers.add(number)
  }
  return [...numbers]
}
