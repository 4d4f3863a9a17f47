import { chmodSync, lutimesSync, mkdirSync, symlinkSync } from 'node:fs'
import { TaskVaultError } from '../errors.ts'
import type { HashAlgorithm } from '../hashing/hash-algorithm.ts'
import { digestToBytes } from '../model/digest.ts'
import type { DirectoryEntry, FileEntry, SymlinkEntry, TreeEntry } from '../model/tree.ts'
import type { ContentLocator } from '../store/blobs/content-locator.ts'
import { IDENTITY_NUMBERS } from '../store/unpacking/unpack-batch.ts'
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
  const work: Stage = { locator: context.locator, pool, ...staged, left: { fileCount, sizeBytes } }
  for (const placement of plan.placements) await stagePlacement(placement, work)
  await pool.finish()
  finishDirectories(staged.directories, plan.placements)
  return staged
}

interface Stage {
  readonly locator: ContentLocator
  readonly pool: UnpackPool
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
  if (entry.kind === 'directory') return await stageDirectory(entry, placement, stage)
  if (entry.kind === 'symlink') return stageLink(entry, placement, stage)
  await stageFile(entry, { ...placement, identity: new Float64Array(IDENTITY_NUMBERS) }, stage)
}

async function stageDirectory(
  entry: DirectoryEntry,
  name: StagedName,
  stage: Stage,
): Promise<void> {
  const { stagedPath, finalPath } = name
  const entries = readNode(entry, stage.locator)
  spend(stage, { fileCount: entries.length, sizeBytes: 0 })
  const files = entries.filter((item) => item.kind === 'file').length
  const identities = new Float64Array(files * IDENTITY_NUMBERS)
  // Writable until all is in it; nobody else can look in meanwhile.
  mkdirSync(stagedPath, { mode: 0o700 })
  stage.directories.push({ stagedPath, finalPath, entry, entries, identities })
  let at = 0
  for (const below of entries) {
    const belowName = nameBelow(name, below)
    if (below.kind === 'directory') await stageDirectory(below, belowName, stage)
    else if (below.kind === 'symlink') stageLink(below, belowName, stage)
    else {
      const identity = identities.subarray(at, (at += IDENTITY_NUMBERS))
      const isAhead = stageFile(below, { ...belowName, identity }, stage)
      if (isAhead !== undefined) await isAhead
    }
  }
}

function stageLink(
  entry: SymlinkEntry,
  { stagedPath, displayPath }: StagedName,
  stage: Stage,
): void {
  symlinkSync(entry.target, stagedPath)
  lutimesSync(stagedPath, entry.mtimeUs / 1e6, entry.mtimeUs / 1e6)
  stage.written.push(displayPath)
}

function stageFile(
  entry: FileEntry,
  { stagedPath, displayPath, identity }: StagedName & { readonly identity: Float64Array },
  stage: Stage,
): Promise<void> | undefined {
  const digest = digestToBytes(entry.digest)
  const slices = stage.locator.locate(digest)
  spend(stage, { fileCount: 0, sizeBytes: slices.reduce((sum, slice) => sum + slice.length, 0) })
  stage.written.push(displayPath)
  const { mode, mtimeUs } = entry
  return stage.pool.add({ absolutePath: stagedPath, mode, mtimeUs, digest, slices, identity })
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

function nameBelow(name: StagedName, entry: TreeEntry): StagedName {
  return {
    stagedPath: `${name.stagedPath}/${entry.name}`,
    finalPath: `${name.finalPath}/${entry.name}`,
    displayPath: `${name.displayPath}/${entry.name}`,
  }
}

/** Sets modes and times from the leaves up, because filling a directory changes its time. */
function finishDirectories(
  directories: readonly StagedDirectory[],
  placements: readonly Placement[],
): void {
  // What nobody may write to cannot be moved either: those get their mode when they are in place.
  const moved = new Set(placements.map((placement) => placement.stagedPath))
  for (const { stagedPath, entry } of directories.toReversed()) {
    lutimesSync(stagedPath, entry.mtimeUs / 1e6, entry.mtimeUs / 1e6)
    if (!moved.has(stagedPath)) chmodSync(stagedPath, entry.mode)
  }
}
