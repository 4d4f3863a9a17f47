/**
 * What is known of one directory: its names, each name's identity on the file system when its
 * content was last read, and the digests. What the stat cache keeps.
 *
 * All arrays run in parallel, in the order of `names`. A column of numbers instead of an object for
 * each file is what lets 40,000 files be compared in tens of milliseconds.
 */
export interface Listing {
  readonly dev: number
  readonly digestBytes: number
  /** Sorted as UTF-16 code units. */
  readonly names: readonly string[]
  readonly ino: Float64Array
  readonly size: Float64Array
  /** Milliseconds with fraction; NaN, which equals nothing, for a file that must be read again. */
  readonly mtimeMs: Float64Array
  readonly ctimeMs: Float64Array
  /** `st_mode`, the file type included. */
  readonly mode: Float64Array
  /**
   * For each name `digestBytes` bytes: a file's content digest, a directory's tree node (of the
   * flavour that outputs use), zeros for a symlink.
   */
  readonly digests: Buffer
  /** Targets of the symlinks among `names`, in order. */
  readonly targets: readonly string[]
  /** The directory's own digests; undefined when it was listed in part, or not to the bottom. */
  readonly node: NodeDigests | undefined
  /**
   * The directory itself, as it was just before its names were read; undefined when that says nothing
   * about them. As long as it is the same, so are the names.
   */
  readonly self: DirectoryIdentity | undefined
  /**
   * Numbers of the blobs that hold the node and the contents of its files, not of its
   * subdirectories; undefined when they are not known to be stored.
   */
  readonly blobs: readonly number[] | undefined
}

/** What changes whenever a name is added to a directory, removed or exchanged. */
export interface DirectoryIdentity {
  readonly dev: number
  readonly ino: number
  readonly mtimeMs: number
  readonly ctimeMs: number
}

export interface NodeDigests {
  /** Over names, kinds, modes, times and contents. */
  readonly output: Buffer
  /** Over names, kinds, executable bits and contents: what counts for a key. */
  readonly input: Buffer
}

const VERSION = 2
const HEADER_NUMBERS = 12
const COLUMNS = 5

/** The listing as bytes; only this machine, and only this version, reads them again. */
export function encodeListing(listing: Listing): Uint8Array {
  const count = listing.names.length
  const blobs = listing.blobs ?? []
  const names = Buffer.from(listing.names.join('\0'))
  const targets = Buffer.from(listing.targets.join('\0'))
  const numbers = HEADER_NUMBERS + blobs.length + COLUMNS * count
  const nodeBytes = listing.node === undefined ? 0 : 2 * listing.digestBytes
  const digestsAt = numbers * 8
  const nodeAt = digestsAt + count * listing.digestBytes
  const namesAt = nodeAt + nodeBytes
  const bytes = Buffer.allocUnsafeSlow(namesAt + names.length + targets.length)

  const header = new Float64Array(bytes.buffer, 0, numbers)
  header[0] = VERSION
  header[1] = listing.dev
  header[2] = count
  header[3] = listing.digestBytes
  header[4] = listing.node === undefined ? 0 : 1
  header[5] = listing.blobs === undefined ? -1 : blobs.length
  header[6] = names.length
  header[7] = listing.targets.length
  header.set(selfNumbers(listing.self), 8)
  header.set(blobs, HEADER_NUMBERS)
  let at = HEADER_NUMBERS + blobs.length
  for (const column of [
    listing.ino,
    listing.size,
    listing.mtimeMs,
    listing.ctimeMs,
    listing.mode,
  ]) {
    header.set(column, at)
    at += count
  }
  listing.digests.copy(bytes, digestsAt, 0, count * listing.digestBytes)
  if (listing.node !== undefined) {
    listing.node.output.copy(bytes, nodeAt)
    listing.node.input.copy(bytes, nodeAt + listing.digestBytes)
  }
  names.copy(bytes, namesAt)
  targets.copy(bytes, namesAt + names.length)
  return bytes
}

/** The number of no blob: stands in a listing for one that has none, or not yet. A save reads what lies there. */
export const UNKNOWN_BLOB: number = 0

/** Names the blobs in an encoded listing, which was encoded with as many. */
export function renameBlobs(listing: Uint8Array, blobs: readonly number[]): void {
  const { buffer, byteOffset } = listing
  const header = new Float64Array(buffer, byteOffset, HEADER_NUMBERS + blobs.length)
  header.set(blobs, HEADER_NUMBERS)
}

/** Says in an encoded listing what the directory itself is, and its files' device. */
export function setDirectory(
  listing: Uint8Array,
  { dev, self }: Pick<Listing, 'dev' | 'self'>,
): void {
  const header = new Float64Array(listing.buffer, listing.byteOffset, HEADER_NUMBERS)
  header[1] = dev
  header.set(selfNumbers(self), 8)
}

function selfNumbers(self: DirectoryIdentity | undefined): number[] {
  return [self?.dev ?? 0, self?.ino ?? 0, self?.mtimeMs ?? Number.NaN, self?.ctimeMs ?? 0]
}

/** What a time is remembered by; `mode` is 0 for the directory itself. */
export interface ListedTimes {
  readonly mode: number
  readonly mtimeMs: number
  readonly ctimeMs: number
}

/** Puts other values for `mtimeMs` into an encoded listing: for its names, and for the directory itself. */
export function replaceTimes(listing: Uint8Array, timeOf: (times: ListedTimes) => number): void {
  const { buffer, byteOffset, length } = listing
  const numbers = new Float64Array(buffer, byteOffset, Math.floor(length / 8))
  const count = numbers[2] as number
  const columnsAt = HEADER_NUMBERS + Math.max(numbers[5] as number, 0)
  const replace = (mtimeAt: number, ctimeAt: number, mode: number): void => {
    const mtimeMs = numbers[mtimeAt] as number
    numbers[mtimeAt] = timeOf({ mode, mtimeMs, ctimeMs: numbers[ctimeAt] as number })
  }
  for (let index = 0; index < count; index += 1) {
    const at = columnsAt + index
    replace(at + 2 * count, at + 3 * count, numbers[at + 4 * count] as number)
  }
  replace(10, 11, 0)
}

/** A listing without the texts in it, which are most of what reading it takes. */
export type ListingColumns = Omit<Listing, 'names' | 'targets'>

/**
 * Reads a listing; undefined when the bytes are not one, or of another version or digest length:
 * then everything in the directory counts as unknown.
 */
export function parseListing(source: Uint8Array, digestBytes: number): Listing | undefined {
  const found = findParts(source, digestBytes)
  if (found === undefined) return undefined
  const { columns, texts, namesBytes, targetCount } = found
  const count = columns.mode.length
  const names = count === 0 ? [] : texts.toString('utf8', 0, namesBytes).split('\0')
  const targets = targetCount === 0 ? [] : texts.toString('utf8', namesBytes).split('\0')
  if (names.length !== count || targets.length !== targetCount) return undefined
  return { ...columns, names, targets }
}

/** The same of a listing whose names nobody asks for. */
export function parseColumns(source: Uint8Array, digestBytes: number): ListingColumns | undefined {
  return findParts(source, digestBytes)?.columns
}

interface ListingParts {
  readonly columns: ListingColumns
  /** Names, then targets. */
  readonly texts: Buffer
  readonly namesBytes: number
  readonly targetCount: number
}

function findParts(source: Uint8Array, digestBytes: number): ListingParts | undefined {
  if (source.length < HEADER_NUMBERS * 8) return undefined
  const bytes = source.byteOffset % 8 === 0 ? source : new Uint8Array(source)
  const numbers = new Float64Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / 8))
  // By index: to take them one after the other asks an iterator, for each directory of a walk.
  const {
    0: version,
    1: dev = 0,
    2: count = -1,
    3: length,
    4: hasNode,
    5: blobCount = 0,
    6: namesBytes = 0,
    7: targetCount = 0,
    8: selfDev = 0,
    9: selfIno = 0,
    10: selfMtimeMs = Number.NaN,
    11: selfCtimeMs = 0,
  } = numbers
  if (version !== VERSION || length !== digestBytes) return undefined
  const firstColumn = HEADER_NUMBERS + Math.max(blobCount, 0)
  const digestsAt = (firstColumn + COLUMNS * count) * 8
  const nodeAt = digestsAt + count * digestBytes
  const namesAt = nodeAt + (hasNode === 1 ? 2 * digestBytes : 0)
  if (count < 0 || namesAt + namesBytes > bytes.length) return undefined

  const column = (index: number): Float64Array =>
    numbers.subarray(firstColumn + index * count, firstColumn + (index + 1) * count)
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const columns = {
    dev,
    digestBytes,
    ino: column(0),
    size: column(1),
    mtimeMs: column(2),
    ctimeMs: column(3),
    mode: column(4),
    digests: buffer.subarray(digestsAt, nodeAt),
    node:
      hasNode === 1
        ? {
            output: buffer.subarray(nodeAt, nodeAt + digestBytes),
            input: buffer.subarray(nodeAt + digestBytes, namesAt),
          }
        : undefined,
    self: Number.isNaN(selfMtimeMs)
      ? undefined
      : { dev: selfDev, ino: selfIno, mtimeMs: selfMtimeMs, ctimeMs: selfCtimeMs },
    blobs: blobCount < 0 ? undefined : [...numbers.subarray(HEADER_NUMBERS, firstColumn)],
  }
  return { columns, texts: buffer.subarray(namesAt), namesBytes, targetCount }
}
