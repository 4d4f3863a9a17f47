import { lstatSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { TaskVaultError } from '../errors.ts'
import { runToEnd } from '../files/contents/read-content.ts'
import { describeDirectory } from '../files/scanning/describe-directory.ts'
import type { DescribedEntry } from '../files/scanning/describe-listing.ts'
import { isSameMode, isSameTime, toMicroseconds } from '../files/scanning/kept-attributes.ts'
import {
  DIRECTORY_TYPE,
  FILE_TYPE,
  SYMLINK_TYPE,
  typeOf,
} from '../files/scanning/observe-directory.ts'
import type { ScanContext } from '../files/scanning/scan-context.ts'
import { scanTree } from '../files/scanning/scan-tree.ts'
import type { ScannedTree } from '../files/scanning/scan-tree.ts'
import { digestFromBytes } from '../model/digest.ts'
import type { DirectoryEntry, TreeEntry } from '../model/tree.ts'
import type { ContentLocator } from '../store/blobs/content-locator.ts'
import type { OutputPlaces } from './output-places.ts'
import type { OutputPlan } from './output-plan.ts'
import { readNode } from './read-node.ts'

export interface PlanContext {
  readonly scan: ScanContext
  readonly locator: ContentLocator
  /** Where new names are made before they are moved to their places. */
  readonly places: Pick<OutputPlaces, 'stagingOf'>
  readonly plan: OutputPlan
  /** Whether something stays that is there and is not wanted; undefined: nothing does. */
  readonly keeps?: ((absolutePath: string) => boolean) | undefined
}

/** One output: what it was when it was saved, where it goes, and what people call it. */
export interface WantedOutput {
  readonly entry: TreeEntry
  readonly absolutePath: string
  readonly displayPath: string
}

/**
 * Compares an output with what is on the disk, and adds to the plan what has to be done. Reads the
 * manifest's tree only where it differs; an unchanged output costs a walk and one comparison.
 * @throws {TaskVaultError} BLOB_MISSING, BLOB_CORRUPT, ENTRY_DAMAGED, INPUT_UNREADABLE.
 */
export function planOutput(output: WantedOutput, context: PlanContext): void {
  const directory = dirname(output.absolutePath)
  const name = basename(output.absolutePath)
  const [found] = describeIfThere(directory, name, context.scan)
  const wanted = { ...output, entry: { ...output.entry, name } }
  if (found?.kind !== 'directory' || wanted.entry.kind !== 'directory') {
    return planEntry(wanted, currentOf(found), context)
  }
  const tree = runToEnd(
    scanTree(output.absolutePath, { context: context.scan, keepListings: true }),
  )
  planEntry(wanted, { ...found, tree }, context)
}

/** What is on the disk under a wanted name. */
type Current =
  | {
      readonly kind: 'file'
      readonly mode: number
      readonly mtimeUs: number
      readonly digest: string
    }
  | { readonly kind: 'symlink'; readonly mtimeUs: number; readonly target: string }
  | {
      readonly kind: 'directory'
      readonly mode: number
      readonly mtimeUs: number
      /** Undefined when nothing below it can be kept. */
      readonly tree: ScannedTree | undefined
    }
  | { readonly kind: 'other' }

function describeIfThere(directory: string, name: string, scan: ScanContext): DescribedEntry[] {
  if (lstatSync(join(directory, name), { throwIfNoEntry: false }) === undefined) return []
  return describeDirectory(directory, [name], scan)
}

function currentOf(found: DescribedEntry | undefined): Current | undefined {
  return found?.kind === 'directory' ? { ...found, tree: undefined } : found
}

function planEntry(wanted: WantedOutput, current: Current | undefined, context: PlanContext): void {
  const { entry, absolutePath } = wanted
  const { plan } = context
  if (entry.kind === 'directory' && current?.kind === 'directory' && current.tree !== undefined) {
    return planDirectory({ ...wanted, entry }, { ...current, tree: current.tree }, context)
  }
  const isSameFile =
    entry.kind === 'file' &&
    current?.kind === 'file' &&
    entry.digest === current.digest &&
    isSameMode('file', [entry.mode, current.mode])
  const isSameLink =
    entry.kind === 'symlink' && current?.kind === 'symlink' && entry.target === current.target
  if (!isSameFile && !isSameLink) return planNew(wanted, current, context)
  plan.unchangedCount += 1
  if (isSameTime(entry.mtimeUs, current.mtimeUs)) return
  plan.touches.push({ absolutePath, mode: undefined, mtimeUs: entry.mtimeUs })
}

/** Goes into two directories that both exist. */
function planDirectory(
  wanted: WantedOutput & { readonly entry: DirectoryEntry },
  current: Current & { readonly kind: 'directory'; readonly tree: ScannedTree },
  context: PlanContext,
): void {
  const { entry, absolutePath } = wanted
  const { plan } = context
  const isSameTree = digestFromBytes(current.tree.node.output) === entry.digest
  plan.keptDirectories += 1
  if (isSameTree) {
    plan.unchangedCount += current.tree.fileCount
    plan.keptDirectories += current.tree.directoryCount
  } else planNames(wanted, current.tree, context)
  // What happens inside a directory changes its time, so that it must be set again.
  const hasMode = isSameMode('directory', [entry.mode, current.mode])
  if (isSameTree && hasMode && isSameTime(entry.mtimeUs, current.mtimeUs)) return
  const mode = hasMode ? undefined : entry.mode
  plan.touches.push({ absolutePath, mode, mtimeUs: entry.mtimeUs })
}

function planNames(
  wanted: WantedOutput & { readonly entry: DirectoryEntry },
  tree: ScannedTree,
  context: PlanContext,
): void {
  const found = currentNames(wanted.absolutePath, tree)
  for (const entry of readNode(wanted.entry, context.locator)) {
    const below = belowOf(wanted, entry)
    planEntry(below, found.get(entry.name), context)
    found.delete(entry.name)
  }
  for (const name of found.keys()) {
    if (context.keeps?.(join(wanted.absolutePath, name)) === true) continue
    context.plan.removals.push(join(wanted.absolutePath, name))
    context.plan.removed.push(`${wanted.displayPath}/${name}`)
  }
}

function currentNames(directory: string, tree: ScannedTree): Map<string, Current> {
  const { children } = tree
  const listing = tree.listing?.()
  if (listing === undefined || children === undefined) throw new Error('the scan kept no listings')
  const { digestBytes } = listing
  const current = new Map<string, Current>()
  let link = 0
  for (const [index, name] of listing.names.entries()) {
    const type = typeOf(listing.mode[index] as number)
    const mode = (listing.mode[index] as number) & 0o777
    const mtimeUs = toMicroseconds(
      mtimeMsOf(`${directory}/${name}`, listing.mtimeMs[index] as number),
    )
    if (type === FILE_TYPE) {
      const bytes = listing.digests.subarray(index * digestBytes, (index + 1) * digestBytes)
      current.set(name, { kind: 'file', mode, mtimeUs, digest: digestFromBytes(bytes) })
    } else if (type === SYMLINK_TYPE) {
      current.set(name, { kind: 'symlink', mtimeUs, target: listing.targets[link++] ?? '' })
    } else if (type === DIRECTORY_TYPE) {
      current.set(name, { kind: 'directory', mode, mtimeUs, tree: children.get(name) })
    }
  }
  return current
}

/** A listing does not keep the time of a file that changed just now. */
function mtimeMsOf(absolutePath: string, listedMs: number): number {
  if (!Number.isNaN(listedMs)) return listedMs
  return lstatSync(absolutePath, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

/** Has the whole of a wanted name made out of sight, to be moved to its place in one step. */
function planNew(wanted: WantedOutput, current: Current | undefined, context: PlanContext): void {
  const { entry, absolutePath: finalPath, displayPath } = wanted
  const { placements } = context.plan
  const stagedPath = `${context.places.stagingOf(finalPath)}/${placements.length}`
  const isDirectory = current?.kind === 'directory'
  if (isDirectory && context.keeps?.(finalPath) === true) throw blocked(displayPath)
  const replaces = current === undefined ? undefined : isDirectory ? 'directory' : 'file'
  placements.push({ entry, stagedPath, finalPath, displayPath, replaces })
}

function belowOf(wanted: WantedOutput, entry: TreeEntry): WantedOutput {
  return {
    entry,
    absolutePath: `${wanted.absolutePath}/${entry.name}`,
    displayPath: `${wanted.displayPath}/${entry.name}`,
  }
}

function blocked(displayPath: string): TaskVaultError {
  const message = `Could not put ${displayPath} in place: there is a directory, and its contents must stay`
  return new TaskVaultError('OUTPUT_BLOCKED', message, { hint: 'Remove it, or do not restore it.' })
}
