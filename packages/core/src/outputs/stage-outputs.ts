import { chmodSync, lstatSync, lutimesSync, mkdirSync, symlinkSync } from 'node:fs'
import { TaskVaultError } from '../errors.ts'
import type { HashAlgorithm } from '../hashing/hash-algorithm.ts'
import { digestToBytes } from '../model/digest.ts'
import type { Digest } from '../model/digest.ts'
import type { DirectoryEntry, FileEntry, SymlinkEntry } from '../model/tree.ts'
import type { ContentLocator } from '../store/blobs/content-locator.ts'
import { IDENTITY_NUMBERS, noteIdentity } from '../store/unpacking/file-identity.ts'
import type { IdentityPlace } from '../store/unpacking/file-identity.ts'
import { openUnpackPool } from '../store/unpacking/unpack-pool.ts'
import type { UnpackPool } from '../store/unpacking/unpack-pool.ts'
import type { OutputPlan, Placement } from './output-plan.ts'
import { readNode } from './read-node.ts'
import type { StagedDirectory } from './staged-directory.ts'

export interface StageContext {
  readonly algorithm: HashAlgorithm
  readonly locator: ContentLocator
  /** What the manifest says that all outputs hold: a tree with more was never saved. */
  readonly limits: OutputLimits
  /** Called as files are made, with how many. */
  readonly onMade: (count: number) => void
}

export interface OutputLimits {
  /** Files, links and directories. */
  readonly fileCount: number
  /** Raw bytes of all files. */
  readonly sizeBytes: number
}

export interface StagedOutputs {
  /** Parents before children. */
  readonly directories: readonly StagedDirectory[]
  /** For people: every file and link that is new. */
  readonly written: readonly string[]
}

/**
 * Makes everything new in the staging directories, every byte verified; the outputs stay as they
 * are. Memory grows with the number of directories and names, not with bytes.
 * @throws {TaskVaultError} BLOB_MISSING, BLOB_CORRUPT, ENTRY_DAMAGED; errors of the operating system
 * as they are.
 */
export async function stageOutputs(
  plan: OutputPlan,
  context: StageContext,
): Promise<StagedOutputs> {
  const { algorithm, onMade } = context
  const { fileCount, sizeBytes } = context.limits
  const expectedFiles = fileCount - plan.unchangedCount
  await using pool = openUnpackPool({ algorithm, expectedFiles, onMade })
  const staged = { directories: [] as StagedDirectory[], written: [] as string[] }
  const { digestBytes } = algorithm
  const left = { fileCount, sizeBytes }
  const work: Stage = { locator: context.locator, pool, digestBytes, ...staged, left }
  for (const placement of plan.placements) await stagePlacement(placement, work)
  await pool.finish()
  finishDirectories(staged.directories, plan.placements)
  return staged
}

interface Stage {
  readonly locator: ContentLocator
  readonly pool: UnpackPool
  readonly digestBytes: number
  readonly directories: StagedDirectory[]
  readonly written: string[]
  readonly left: { fileCount: number; sizeBytes: number }
}

/** A name that is being made: where, where it will be, and what people call it. */
interface StagedName {
  readonly stagedPath: string
  readonly finalPath: string
  readonly displayPath: string
}

async function stagePlacement(placement: Placement, stage: Stage): Promise<void> {
  const { entry } = placement
  if (entry.kind === 'directory') return await stageTree({ ...placement, entry }, stage)
  const place = { identities: new Float64Array(IDENTITY_NUMBERS), identityAt: 0 }
  if (entry.kind === 'symlink') return stageLink(entry, { ...placement, place }, stage)
  const digest = digestToBytes(entry.digest)
  await stageFile(entry, { ...placement, place, digest }, stage)
}

/** A directory to be made, when those that it is in have been. */
interface WantedDirectory extends StagedName {
  readonly entry: DirectoryEntry
  readonly parent?: StagedDirectory
  readonly place?: IdentityPlace
}

/** Names in one directory after the other, as they were saved: what lies close together is made so. */
async function stageTree(root: WantedDirectory, stage: Stage): Promise<void> {
  const waiting = [root]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const below = await stageDirectory(next, stage)
    for (const directory of below.toReversed()) waiting.push(directory)
  }
}

/** @returns its subdirectories, which are still to be made. */
async function stageDirectory(wanted: WantedDirectory, stage: Stage): Promise<WantedDirectory[]> {
  const directory = makeDirectory(wanted, stage)
  const { entries, identities } = directory
  const stagedPrefix = `${wanted.stagedPath}/`
  const displayPrefix = `${wanted.displayPath}/`
  const below: WantedDirectory[] = []
  for (const [index, entry] of entries.entries()) {
    const name = {
      stagedPath: stagedPrefix + entry.name,
      displayPath: displayPrefix + entry.name,
    }
    const place = { identities, identityAt: index * IDENTITY_NUMBERS }
    if (entry.kind === 'symlink') {
      stageLink(entry, { ...name, place }, stage)
      continue
    }
    const digest = noteDigest(entry.digest, directory, index)
    if (entry.kind === 'directory') {
      const finalPath = `${wanted.finalPath}/${entry.name}`
      below.push({ ...name, finalPath, entry, parent: directory, place })
    } else {
      const isAhead = stageFile(entry, { ...name, place, digest }, stage)
      if (isAhead !== undefined) await isAhead
    }
  }
  return below
}

function makeDirectory(wanted: WantedDirectory, stage: Stage): StagedDirectory {
  const { entry, stagedPath, finalPath, place, parent } = wanted
  const entries = readNode(entry, stage.locator)
  spend(stage, { fileCount: entries.length, sizeBytes: 0 })
  // Writable until all is in it; nobody else can look into the staging directory meanwhile.
  mkdirSync(stagedPath, { mode: entry.mode | 0o700 })
  const directory: StagedDirectory = {
    stagedPath,
    finalPath,
    entry,
    entries,
    digests: Buffer.alloc(entries.length * stage.digestBytes),
    identities: new Float64Array(entries.length * IDENTITY_NUMBERS),
    children: [],
    place,
  }
  parent?.children.push(directory)
  stage.directories.push(directory)
  return directory
}

/** Puts an entry's digest where its directory has them all. @returns the raw digest, as part of those. */
function noteDigest(digest: Digest, { entries, digests }: StagedDirectory, index: number): Buffer {
  const digestBytes = digests.length / entries.length
  if (digest.length !== digestBytes * 2)
    throw new TaskVaultError('ENTRY_DAMAGED', 'A tree node has a digest of another length')
  const at = index * digestBytes
  digests.write(digest, at, digestBytes, 'hex')
  return digests.subarray(at, at + digestBytes)
}

/** A link or a file that is being made, and where what it is then is noted. */
interface StagedLeaf extends Pick<StagedName, 'stagedPath' | 'displayPath'> {
  readonly place: IdentityPlace
}

function stageLink(
  entry: SymlinkEntry,
  { stagedPath, displayPath, place }: StagedLeaf,
  stage: Stage,
): void {
  symlinkSync(entry.target, stagedPath)
  lutimesSync(stagedPath, entry.mtimeUs / 1e6, entry.mtimeUs / 1e6)
  noteIdentity(place, lstatSync(stagedPath))
  stage.written.push(displayPath)
}

function stageFile(
  { mode, mtimeUs }: FileEntry,
  { stagedPath, displayPath, place, digest }: StagedLeaf & { readonly digest: Buffer },
  stage: Stage,
): Promise<void> | undefined {
  const slices = stage.locator.locate(digest)
  let sizeBytes = 0
  for (const slice of slices) sizeBytes += slice.length
  spend(stage, { fileCount: 0, sizeBytes })
  stage.written.push(displayPath)
  const { identities, identityAt } = place
  const absolutePath = stagedPath
  return stage.pool.add({ absolutePath, mode, mtimeUs, digest, slices, identities, identityAt })
}

/**
 * A few nodes that refer to one another twice each make a tree of a billion names, and a few kilobytes
 * of zeros any number of bytes. What was promised is checked before it is made.
 */
function spend({ left }: Stage, { fileCount, sizeBytes }: OutputLimits): void {
  left.fileCount -= fileCount
  left.sizeBytes -= sizeBytes
  if (left.fileCount >= 0 && left.sizeBytes >= 0) return
  throw new TaskVaultError('ENTRY_DAMAGED', 'The outputs are more than their manifest says')
}

/** Sets modes and times from the leaves up, because filling a directory changes its time. */
function finishDirectories(
  directories: readonly StagedDirectory[],
  placements: readonly Placement[],
): void {
  // What nobody may write to cannot be moved either: those get their mode when they are in place.
  const moved = new Set(placements.map((placement) => placement.stagedPath))
  for (const { stagedPath, entry, place } of directories.toReversed()) {
    lutimesSync(stagedPath, entry.mtimeUs / 1e6, entry.mtimeUs / 1e6)
    if (moved.has(stagedPath)) continue
    let stats = lstatSync(stagedPath)
    if ((stats.mode & 0o777) !== entry.mode) {
      chmodSync(stagedPath, entry.mode)
      stats = lstatSync(stagedPath)
    }
    if (place !== undefined) noteIdentity(place, stats)
  }
}
