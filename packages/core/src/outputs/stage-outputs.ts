import { lstatSync, lutimesSync, mkdirSync, symlinkSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { TaskVaultError } from '../errors.ts'
import { digestToBytes } from '../model/digest.ts'
import type { DirectoryEntry, SymlinkEntry, TreeEntry } from '../model/tree.ts'
import type { ContentLocator } from '../store/blobs/content-locator.ts'
import { createArrivingFiles } from '../store/unpacking/arriving-files.ts'
import type { ArrivingFiles } from '../store/unpacking/arriving-files.ts'
import { openUnpackPool } from '../store/unpacking/unpack-pool.ts'
import type { FileSource } from '../store/unpacking/waiting-file.ts'
import { untilContentReadable } from './content-arrival.ts'
import type { ContentArrival } from './content-arrival.ts'
import { finishPart } from './finish-directory.ts'
import { draftListing, hasDirectory, learnName } from './learn-restored.ts'
import type { LearnContext } from './learn-restored.ts'
import { readColumns, readListing } from './made-directory.ts'
import type { MadeDirectory } from './made-directory.ts'
import type { OutputPlan, Placement } from './output-plan.ts'
import { readNode } from './read-node.ts'
import type { StagedDirectory } from './staged-directory.ts'
import { listWritten } from './written-paths.ts'
import type { WrittenPaths } from './written-paths.ts'

export interface StageContext extends LearnContext {
  readonly locator: ContentLocator
  /** When contents are here that are only on their way; absent when all are. */
  readonly arrival?: ContentArrival
  /** What the manifest says that all outputs hold: a tree with more was never saved. */
  readonly limits: OutputLimits
  /** Ends it, with the signal's reason. */
  readonly signal: AbortSignal
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
  /** Children before parents. */
  readonly directories: readonly MadeDirectory[]
  readonly written: WrittenPaths
}

/**
 * Makes everything new in the staging directories, every byte verified; the outputs stay as they
 * are. Memory grows with the number of directories and names, not with bytes: of what is finished, what the
 * stat cache is told is kept, and nothing else.
 * @throws {TaskVaultError} BLOB_MISSING, BLOB_CORRUPT, ENTRY_DAMAGED; errors of the operating system
 * as they are; and the signal's reason.
 */
export async function stageOutputs(
  plan: OutputPlan,
  context: StageContext,
): Promise<StagedOutputs> {
  const { algorithm, arrival, signal, onMade } = context
  const { fileCount, sizeBytes } = context.limits
  // The manifest counts directories, too.
  const expectedFiles = fileCount - plan.unchangedCount - plan.keptDirectories
  await using pool = openUnpackPool({ algorithm, expectedFiles, signal, onMade })
  const arriving = arrival && createArrivingFiles(pool, arrival.untilWritten)
  const directories: MadeDirectory[] = []
  const left = { fileCount, sizeBytes }
  const stage: Stage = { context, files: arriving ?? pool, directories, left }
  for (const placement of plan.placements) await stagePlacement(placement, stage)
  await arriving?.finish()
  await pool.finish()
  return { directories, written: listWritten(plan.placements, directories, algorithm.digestBytes) }
}

interface Stage {
  readonly context: StageContext
  /** Takes them to be made. */
  readonly files: Pick<ArrivingFiles, 'add'>
  readonly directories: MadeDirectory[]
  readonly left: { fileCount: number; sizeBytes: number }
}

/** A name that is being made: where, where it will be, and what people call it. */
interface StagedName {
  readonly stagedPath: string
  readonly finalPath: string
  readonly displayPath: string
}

async function stagePlacement(placement: Placement, stage: Stage): Promise<void> {
  const { entry, stagedPath } = placement
  if (entry.kind === 'directory') return await stageTree({ ...placement, entry }, stage)
  if (entry.kind === 'symlink') return void stageLink(entry, stagedPath)
  const digest = digestToBytes(entry.digest)
  const { mode, mtimeUs } = entry
  const slices = stage.context.locator.locate(digest)
  const source: FileSource = {
    describe: () => ({ absolutePath: stagedPath, mode, mtimeUs, digest, slices }),
    finish: () => {},
  }
  await stageFile({ digest, source, index: 0 }, stage)
}

/** A directory to be made, when those that it is in have been. */
interface WantedDirectory extends StagedName {
  readonly entry: DirectoryEntry
  readonly parent?: StagedDirectory['parent']
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
  const { locator, arrival } = stage.context
  const digest = digestToBytes(wanted.entry.digest)
  if (arrival !== undefined) await untilContentReadable(digest, { locator, arrival })
  const entries = readNode(wanted.entry, locator)
  const directory = makeDirectory(wanted, entries, stage)
  const source = createSource(directory, stage)
  const below: WantedDirectory[] = []
  for (let index = 0; index < entries.length; index += 1) {
    const entry = entries[index] as TreeEntry
    if (entry.kind === 'symlink') {
      learnName(directory, index, stageLink(entry, `${wanted.stagedPath}/${entry.name}`))
    } else if (entry.kind === 'directory') {
      directory.unfinished += 1
      below.push({ ...nameBelow(wanted, entry.name), entry, parent: { directory, index } })
    } else {
      directory.unfinished += 1
      const isAhead = stageFile({ digest: digestAt(directory, index), source, index }, stage)
      if (isAhead !== undefined) await isAhead
    }
  }
  finishPart(directory, stage)
  return below
}

function nameBelow({ stagedPath, finalPath, displayPath }: StagedName, name: string): StagedName {
  return {
    stagedPath: `${stagedPath}/${name}`,
    finalPath: `${finalPath}/${name}`,
    displayPath: `${displayPath}/${name}`,
  }
}

function makeDirectory(
  wanted: WantedDirectory,
  entries: readonly TreeEntry[],
  stage: Stage,
): StagedDirectory {
  const { entry, stagedPath, finalPath, displayPath, parent } = wanted
  const { digestBytes } = stage.context.algorithm
  spend(stage, { fileCount: entries.length, sizeBytes: 0 })
  // Writable until all is in it; nobody else can look into the staging directory meanwhile.
  mkdirSync(stagedPath, { mode: entry.mode | 0o700 })
  const listing = draftListing(entry, entries, stage.context)
  const { ino, size, mtimeMs, ctimeMs, mode, digests, node } = readColumns(listing, digestBytes)
  return {
    stagedPath,
    finalPath,
    displayPath,
    entry,
    listing,
    columns: { ino, size, mtimeMs, ctimeMs, mode, digests, node },
    nested: hasDirectory(entries) ? { entries, inputs: new Map() } : undefined,
    parent,
    leafCount: entries.filter(({ kind }) => kind !== 'directory').length,
    dev: 0,
    // Its names have to be gone through.
    unfinished: 1,
  }
}

function digestAt({ columns: { digests, mode } }: StagedDirectory, index: number): Buffer {
  const digestBytes = digests.length / mode.length
  return digests.subarray(index * digestBytes, (index + 1) * digestBytes)
}

function stageLink(entry: SymlinkEntry, stagedPath: string): Stats {
  symlinkSync(entry.target, stagedPath)
  lutimesSync(stagedPath, entry.mtimeUs / 1e6, entry.mtimeUs / 1e6)
  return lstatSync(stagedPath)
}

interface StagedFile {
  readonly digest: Buffer
  readonly source: FileSource
  readonly index: number
}

function stageFile({ digest, source, index }: StagedFile, stage: Stage): Promise<void> | undefined {
  const slices = stage.context.locator.locate(digest)
  let sizeBytes = 0
  for (const slice of slices) sizeBytes += slice.length
  spend(stage, { fileCount: 0, sizeBytes })
  const [first] = slices
  const file = { source, index, frame: first?.frame, offset: first?.offset ?? 0 }
  return stage.files.add(file, slices)
}

function createSource(directory: StagedDirectory, stage: Stage): FileSource {
  const { columns, listing, stagedPath } = directory
  const { locator, algorithm } = stage.context
  // Not before the first of them is made: until then the listing has them.
  let names: readonly string[] | undefined
  return {
    describe(index) {
      names ??= readListing(listing, algorithm.digestBytes).names
      const digest = digestAt(directory, index)
      return {
        absolutePath: `${stagedPath}/${names[index]}`,
        mode: columns.mode[index] as number,
        mtimeUs: columns.mtimeMs[index] as number,
        digest,
        slices: locator.locate(digest),
      }
    },
    finish(index, found) {
      learnName(directory, index, found)
      finishPart(directory, stage)
    },
  }
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
