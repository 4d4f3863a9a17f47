import { TaskVaultError } from '../errors.ts'
import { digestFromBytes } from '../model/digest.ts'
import type { Digest } from '../model/digest.ts'
import { encodeTreeNode } from '../model/tree.ts'
import type { TreeEntry } from '../model/tree.ts'
import type { ContentSink } from './content-sink.ts'
import { digestNames } from './digest-names.ts'
import type { DigestedNames } from './digest-names.ts'
import { encodeInputNode } from './input-node.ts'
import { encodeListing, parseListing } from './listing.ts'
import type { Listing, NodeDigests } from './listing.ts'
import {
  DIRECTORY_TYPE,
  FILE_TYPE,
  SYMLINK_TYPE,
  asObservation,
  listNames,
  observeDirectory,
  typeOf,
} from './observe-directory.ts'
import type { Observation } from './observe-directory.ts'
import type { ScanContext } from './scan-context.ts'

/** What a scan found of one directory and all below it. */
export interface ScannedTree {
  readonly node: NodeDigests
  /** Raw bytes of all files. */
  readonly sizeBytes: number
  /** Files, symlinks and directories, this one not counted. */
  readonly fileCount: number
  /** The listing, and the subdirectories by name; only when the scan keeps them. */
  readonly listing: Listing | undefined
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
 * an unchanged directory costs one `readdir` and one `lstat` a name. Symlinks are not followed.
 * Sockets, pipes and devices are refused. Yields while the sink is full.
 * @throws {TaskVaultError} INPUT_UNREADABLE, INPUT_CHANGED, NAME_UNSUPPORTED, OUTPUT_UNREADABLE.
 */
export function* scanTree(directory: string, options: ScanOptions): Generator<void, ScannedTree> {
  const { context, sink } = options
  const checkedAtMs = context.now()
  const row = context.statCache.read(directory)
  const earlier = row === undefined ? undefined : parseListing(row, context.algorithm.digestBytes)
  const names = listNames(directory)
  const observed = observeDirectory(directory, names, earlier)
  context.onProgress?.(names.length)

  if (observed !== 'unchanged') {
    return yield* digestDirectory({ directory, observed, earlier, checkedAtMs }, options)
  }
  if (earlier === undefined) throw new Error('nothing is unchanged without an earlier listing')
  const children = yield* scanChildren(directory, earlier, options)
  const isWhole = earlier.node !== undefined && hasSameChildren(earlier, children)
  if (isWhole && (sink === undefined || sink.reuse(earlier.blobs))) {
    return summarise(earlier, children, options)
  }
  const state = {
    directory,
    observed: asObservation(observed, earlier),
    earlier,
    checkedAtMs,
    children,
  }
  return yield* digestDirectory(state, options)
}

interface DirectoryState {
  readonly directory: string
  readonly observed: Observation
  readonly earlier: Listing | undefined
  readonly checkedAtMs: number
  readonly children?: ReadonlyMap<string, ScannedTree>
}

/** Reads what is not known of a directory, and makes its node anew. */
function* digestDirectory(
  state: DirectoryState,
  options: ScanOptions,
): Generator<void, ScannedTree> {
  const { directory, observed, earlier, checkedAtMs } = state
  const { context, sink } = options
  const digested = yield* digestNames(
    directory,
    { observed, earlier },
    { context, sink, checkedAtMs },
  )
  const children = state.children ?? (yield* scanChildren(directory, digested.listing, options))
  const entries = toTreeEntries(directory, digested, children)
  const text = Buffer.from(encodeTreeNode(entries))
  const inputText = Buffer.from(encodeInputNode(entries, (name) => inputDigest(children, name)))
  const node = { output: context.algorithm.hash(text), input: context.algorithm.hash(inputText) }
  const listing = {
    ...digested.listing,
    digests: withSubdirectories(digested.listing, children),
    node,
  }
  if (sink === undefined) {
    context.statCache.write(directory, encodeListing(listing))
  } else {
    sink.remember(directory, listing, digested.places.add(sink.addNode(node.output, text)))
    if (sink.isFull) yield
  }
  return summarise(listing, children, options)
}

function* scanChildren(
  directory: string,
  listing: Listing,
  options: ScanOptions,
): Generator<void, ReadonlyMap<string, ScannedTree>> {
  const children = new Map<string, ScannedTree>()
  for (let index = 0; index < listing.names.length; index += 1) {
    if (typeOf(listing.mode[index] as number) !== DIRECTORY_TYPE) continue
    const name = listing.names[index] as string
    children.set(name, yield* scanTree(`${directory}/${name}`, options))
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

function toTreeEntries(
  directory: string,
  digested: DigestedNames,
  children: ReadonlyMap<string, ScannedTree>,
): TreeEntry[] {
  const { listing, mtimeMs } = digested
  const { digestBytes } = listing
  let link = 0
  return listing.names.map((name, index): TreeEntry => {
    const mode = listing.mode[index] as number
    const mtimeUs = Math.round((mtimeMs[index] as number) * 1_000)
    switch (typeOf(mode)) {
      case FILE_TYPE: {
        const digest = listing.digests.subarray(index * digestBytes, (index + 1) * digestBytes)
        const sizeBytes = listing.size[index] as number
        return {
          kind: 'file',
          name,
          mode: mode & 0o777,
          sizeBytes,
          mtimeUs,
          digest: digestFromBytes(digest),
        }
      }
      case SYMLINK_TYPE:
        return { kind: 'symlink', name, mtimeUs, target: listing.targets[link++] ?? '' }
      case DIRECTORY_TYPE: {
        const node = children.get(name)?.node.output
        if (node === undefined) throw new Error(`${directory}/${name} was not scanned`)
        return {
          kind: 'directory',
          name,
          mode: mode & 0o777,
          mtimeUs,
          digest: digestFromBytes(node),
        }
      }
      default:
        throw unsupportedKind(`${directory}/${name}`)
    }
  })
}

function inputDigest(children: ReadonlyMap<string, ScannedTree>, name: string): Digest {
  const child = children.get(name)
  if (child === undefined) throw new Error(`${name} was not scanned`)
  return digestFromBytes(child.node.input)
}

function summarise(
  listing: Listing,
  children: ReadonlyMap<string, ScannedTree>,
  options: ScanOptions,
): ScannedTree {
  if (listing.node === undefined) throw new Error('a scanned directory has a node')
  let sizeBytes = 0
  let fileCount = listing.names.length
  for (let index = 0; index < listing.names.length; index += 1) {
    if (typeOf(listing.mode[index] as number) === FILE_TYPE)
      sizeBytes += listing.size[index] as number
  }
  for (const child of children.values()) {
    sizeBytes += child.sizeBytes
    fileCount += child.fileCount
  }
  const kept = options.keepListings === true
  return {
    node: listing.node,
    sizeBytes,
    fileCount,
    listing: kept ? listing : undefined,
    children: kept ? children : undefined,
  }
}

/** A socket, pipe or device cannot be put back. */
export function unsupportedKind(absolutePath: string): TaskVaultError {
  return new TaskVaultError(
    'OUTPUT_UNREADABLE',
    `${absolutePath} is neither file, directory nor symlink`,
    { hint: 'Sockets, pipes and devices cannot be cached: leave them out.' },
  )
}
