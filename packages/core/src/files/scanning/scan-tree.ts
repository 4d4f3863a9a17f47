import type { Stats } from 'node:fs'
import { digestFromBytes } from '../../model/digest.ts'
import type { Digest } from '../../model/digest.ts'
import { encodeTreeNode } from '../../model/tree.ts'
import type { TreeEntry } from '../../model/tree.ts'
import type { ContentSink, Place } from '../contents/content-sink.ts'
import { unsupportedKind } from '../unsupported-kind.ts'
import { describeListing } from './describe-listing.ts'
import { digestNames } from './digest-names.ts'
import type { DigestedNames } from './digest-names.ts'
import { identityOf, lookAtDirectory } from './directory-identity.ts'
import { encodeInputNode } from './input-node.ts'
import { encodeListing, parseListing } from './listing.ts'
import type { DirectoryIdentity, Listing, NodeDigests } from './listing.ts'
import {
  DIRECTORY_TYPE,
  FILE_TYPE,
  asObservation,
  hasSameNames,
  listNames,
  observeDirectory,
  typeOf,
} from './observe-directory.ts'
import type { Observed } from './observe-directory.ts'
import { createReadAhead } from './read-ahead.ts'
import type { ReadAhead } from './read-ahead.ts'
import type { ScanContext } from './scan-context.ts'
import { unnested } from './unnested.ts'
import type { Nested } from './unnested.ts'

/** What a scan found of one directory and all below it. */
export interface ScannedTree {
  readonly node: NodeDigests
  /** Raw bytes of all files. */
  readonly sizeBytes: number
  /** Files and symlinks. */
  readonly fileCount: number
  /** This one not counted. */
  readonly directoryCount: number
  /** Reads the listing again: as an object it is several times as large. Only when the scan keeps listings. */
  readonly listing: (() => Listing) | undefined
  /** The subdirectories by name; only when the scan keeps listings. */
  readonly children: ReadonlyMap<string, ScannedTree> | undefined
}

export interface ScanOptions {
  readonly context: ScanContext
  /** Takes every content, and every directory's node, that it does not hold. */
  readonly sink?: ContentSink
  /** Keeps all listings in memory, for a comparison. */
  readonly keepListings?: boolean
}

/**
 * Digests of a directory tree, in time that depends on what changed since the stat cache saw it:
 * an unchanged directory costs one `lstat` a name, and one `readdir` only when it was touched. Symlinks are not followed.
 * Sockets, pipes and devices are refused. Yields while the sink is full.
 * @throws {TaskVaultError} INPUT_UNREADABLE, INPUT_CHANGED, NAME_UNSUPPORTED, OUTPUT_UNREADABLE.
 */
export function* scanTree(directory: string, options: ScanOptions): Generator<void, ScannedTree> {
  using ahead = createReadAhead(directory, options)
  const root = { path: directory, stats: lookAtDirectory(directory) }
  return yield* unnested(scanDirectory(root, { ...options, ahead }))
}

interface ScanState extends ScanOptions {
  readonly ahead: ReadAhead
}

/** The scan of one directory hands over those of its subdirectories, and is given what they found. */
type Scan<Result> = Nested<Result, ScannedTree>

/** A directory, and what `lstat` said of it before anything in it was looked at. */
interface FoundDirectory {
  readonly path: string
  /** Undefined when it could not be looked at. */
  readonly stats: Stats | undefined
}

function* scanDirectory(
  { path: directory, stats }: FoundDirectory,
  options: ScanState,
): Scan<ScannedTree> {
  const { context, sink, ahead } = options
  const checkedAtMs = context.now()
  const row = ahead.take(directory) ?? context.statCache.read(directory)
  const earlier = row === undefined ? undefined : parseListing(row, context.algorithm.digestBytes)
  const isNamesKnown = earlier !== undefined && stats !== undefined && hasSameNames(stats, earlier)
  const known = isNamesKnown ? observeDirectory(directory, earlier.names, earlier) : undefined
  // Whatever else has changed, the names are read again: nothing that is stored rests on a guess.
  const observed =
    known?.changed === undefined && known !== undefined
      ? known
      : observeDirectory(directory, listNames(directory), earlier)
  const names = (observed.changed ?? earlier)?.names.length ?? 0
  context.onProgress?.(names)
  ahead.note(names, observed)
  const state = { directory, observed, earlier, checkedAtMs, self: identityOf(stats, checkedAtMs) }

  if (observed.changed !== undefined) return yield* digestDirectory(state, options)
  if (row === undefined || earlier === undefined)
    throw new Error('nothing is unchanged without an earlier listing')
  const children = yield* scanChildren(state, earlier, options)
  const isWhole = earlier.node !== undefined && hasSameChildren(earlier, children)
  if (isWhole && (sink === undefined || sink.reuse(earlier.blobs))) {
    if (!isNamesKnown && state.self !== undefined)
      context.statCache.write(directory, encodeListing({ ...earlier, self: state.self }))
    return summarise(earlier, children, { options, read: readerOf(row, earlier.digestBytes) })
  }
  return yield* digestDirectory({ ...state, children }, options)
}

interface DirectoryState {
  readonly directory: string
  readonly observed: Observed
  /** What to remember of the directory itself. */
  readonly self: DirectoryIdentity | undefined
  readonly earlier: Listing | undefined
  readonly checkedAtMs: number
  readonly children?: ReadonlyMap<string, ScannedTree>
}

/** Reads what is not known of a directory, and makes its node anew. */
function* digestDirectory(state: DirectoryState, options: ScanState): Scan<ScannedTree> {
  const { directory, earlier, checkedAtMs, self } = state
  const { context, sink } = options
  const observed = asObservation(state.observed, earlier)
  const digested = yield* digestNames(
    directory,
    { observed, earlier },
    { context, sink, checkedAtMs },
  )
  const children = state.children ?? (yield* scanChildren(state, digested.listing, options))
  const entries = toTreeEntries(directory, digested, children)
  const text = Buffer.from(encodeTreeNode(entries))
  const inputText = Buffer.from(encodeInputNode(entries, (name) => inputDigest(children, name)))
  const node = { output: context.algorithm.hash(text), input: context.algorithm.hash(inputText) }
  const listing = {
    ...digested.listing,
    digests: withSubdirectories(digested.listing, children),
    node,
    self,
  }
  if (sink === undefined) {
    context.statCache.write(directory, encodeListing(listing))
  } else {
    sink.remember(directory, listing, withPlaces(digested.places, sink.addNode(node.output, text)))
    if (sink.isFull) yield
  }
  return summarise(listing, children, { options, read: () => listing })
}

function withPlaces(places: Set<Place>, added: readonly Place[]): ReadonlySet<Place> {
  for (const place of added) places.add(place)
  return places
}

function* scanChildren(
  { directory, observed }: Pick<DirectoryState, 'directory' | 'observed'>,
  listing: Listing,
  options: ScanState,
): Scan<ReadonlyMap<string, ScannedTree>> {
  const children = new Map<string, ScannedTree>()
  for (let index = 0; index < listing.names.length; index += 1) {
    if (typeOf(listing.mode[index] as number) !== DIRECTORY_TYPE) continue
    const name = listing.names[index] as string
    const found = { path: `${directory}/${name}`, stats: observed.directories.get(name) }
    const child = yield scanDirectory(found, options)
    if (child === undefined) throw new Error('a scan is given what its subdirectories hold')
    children.set(name, child)
  }
  return children
}

function hasSameChildren(listing: Listing, children: ReadonlyMap<string, ScannedTree>): boolean {
  const { digestBytes, digests } = listing
  for (let index = 0; index < listing.names.length; index += 1) {
    const child = children.get(listing.names[index] as string)
    if (child === undefined) continue
    const at = index * digestBytes
    if (child.node.output.compare(digests, at, at + digestBytes) !== 0) return false
  }
  return true
}

function withSubdirectories(listing: Listing, children: ReadonlyMap<string, ScannedTree>): Buffer {
  for (const [index, name] of listing.names.entries()) {
    children.get(name)?.node.output.copy(listing.digests, index * listing.digestBytes)
  }
  return listing.digests
}

/** With the digests of the subdirectories, which are known by now. */
function toTreeEntries(
  directory: string,
  { listing, mtimeMs }: DigestedNames,
  children: ReadonlyMap<string, ScannedTree>,
): TreeEntry[] {
  return describeListing(listing, mtimeMs).map((entry): TreeEntry => {
    if (entry.kind === 'other') throw unsupportedKind(`${directory}/${entry.name}`)
    if (entry.kind !== 'directory') return entry
    const node = children.get(entry.name)?.node.output
    if (node === undefined) throw new Error(`${directory}/${entry.name} was not scanned`)
    return { ...entry, digest: digestFromBytes(node) }
  })
}

function inputDigest(children: ReadonlyMap<string, ScannedTree>, name: string): Digest {
  const child = children.get(name)
  if (child === undefined) throw new Error(`${name} was not scanned`)
  return digestFromBytes(child.node.input)
}

/** Holds nothing but the row. */
function readerOf(row: Uint8Array, digestBytes: number): () => Listing {
  return () => {
    const listing = parseListing(row, digestBytes)
    if (listing === undefined) throw new Error('what was a listing is one')
    return listing
  }
}

function summarise(
  listing: Listing,
  children: ReadonlyMap<string, ScannedTree>,
  { options, read }: { readonly options: ScanOptions; readonly read: () => Listing },
): ScannedTree {
  if (listing.node === undefined) throw new Error('a scanned directory has a node')
  let sizeBytes = 0
  let fileCount = listing.names.length - children.size
  let directoryCount = children.size
  for (let index = 0; index < listing.names.length; index += 1) {
    if (typeOf(listing.mode[index] as number) === FILE_TYPE)
      sizeBytes += listing.size[index] as number
  }
  for (const child of children.values()) {
    sizeBytes += child.sizeBytes
    fileCount += child.fileCount
    directoryCount += child.directoryCount
  }
  const kept = options.keepListings === true
  return {
    node: listing.node,
    sizeBytes,
    fileCount,
    directoryCount,
    listing: kept ? read : undefined,
    children: kept ? children : undefined,
  }
}
