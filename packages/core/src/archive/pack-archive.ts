import { once } from 'node:events'
import {
  closeSync,
  createWriteStream,
  lstatSync,
  openSync,
  readSync,
  readdirSync,
  readlinkSync,
} from 'node:fs'
import type { BigIntStats } from 'node:fs'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip, createZstdCompress } from 'node:zlib'
import { pack } from 'tar-stream'
import type { Headers, Pack } from 'tar-stream'
import { TaskVaultError, asTaskVaultError, isTaskVaultError } from '../errors.ts'
import { relativePathOf } from '../files/relative-path-of.ts'
import { PIECE_BYTES, STREAM_SIZES } from './stream-sizes.ts'

export interface Packing {
  readonly absolutePaths: readonly string[]
  /** What the names of members are relative to, with `..` where one lies outside; absolute. */
  readonly directory: string
  readonly compression: 'zstd' | 'gzip'
  /** The archive: absolute, and not there. */
  readonly file: string
}

/**
 * Packs files, directories with all in them, and links, as `tar` does it that is given their paths.
 * @returns how many bytes the archive has.
 * @throws {TaskVaultError} OUTPUT_CHANGED when something changes meanwhile; DISK_FULL, PERMISSION_DENIED, …
 */
export async function packArchive(packing: Packing): Promise<number> {
  const { compression, file } = packing
  const archive = pack()
  // What cannot be read ends the archive, and so the stream that is made of it.
  const adding = addAll(archive, packing).catch((error: unknown) => archive.destroy(error as Error))
  const compressor =
    compression === 'zstd' ? createZstdCompress(STREAM_SIZES) : createGzip(STREAM_SIZES)
  try {
    await pipeline(gathered(archive), compressor, createWriteStream(file, { flags: 'wx' }))
  } catch (error) {
    throw isTaskVaultError(error) ? error : asTaskVaultError(error, 'pack an archive')
  } finally {
    archive.destroy()
    await adding
  }
  return lstatSync(file).size
}

async function addAll(archive: Pack, { absolutePaths, directory }: Packing): Promise<void> {
  for (const absolutePath of absolutePaths) await addTree(archive, absolutePath, directory)
  archive.finalize()
}

async function addTree(archive: Pack, absolutePath: string, directory: string): Promise<void> {
  const stats = lstatSync(absolutePath, { bigint: true })
  const name = relativePathOf(absolutePath, directory) || '.'
  if (stats.isSymbolicLink()) {
    const linkname = readlinkSync(absolutePath)
    archive.entry(describe({ name, type: 'symlink', linkname }, stats))
  } else if (stats.isDirectory()) {
    archive.entry(describe({ name: `${name}/`, type: 'directory' }, stats))
    for (const child of readdirSync(absolutePath).toSorted())
      await addTree(archive, path.join(absolutePath, child), directory)
  } else if (stats.isFile()) {
    await addFile(archive, { name, absolutePath, stats })
  }
}

interface PackedFile {
  readonly name: string
  readonly absolutePath: string
  readonly stats: BigIntStats
}

async function addFile(archive: Pack, { name, absolutePath, stats }: PackedFile): Promise<void> {
  const size = Number(stats.size)
  const { promise: packed, resolve, reject } = Promise.withResolvers<void>()
  // Told below; also where nobody waits for it yet.
  packed.catch(() => {})
  const file = openSync(absolutePath, 'r')
  try {
    const entry = archive.entry(describe({ name, type: 'file', size }, stats), (error) =>
      error ? reject(error) : resolve(),
    )
    // A file that grows is packed as it was.
    for (let left = size; left > 0;) {
      const piece = Buffer.allocUnsafe(Math.min(left, PIECE_BYTES))
      const count = readSync(file, piece)
      if (count === 0)
        throw new TaskVaultError('OUTPUT_CHANGED', `${name} became shorter while it was read`)
      left -= count
      if (!entry.write(piece.subarray(0, count))) await Promise.race([once(entry, 'drain'), packed])
    }
    entry.end()
    await packed
  } finally {
    closeSync(file)
  }
}

/** Headers, names and small files are pieces of their own, and compressing one takes a turn of another thread. */
async function* gathered(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = []
  let count = 0
  for await (const piece of pieces) {
    waiting.push(piece)
    count += piece.length
    if (count < PIECE_BYTES) continue
    yield Buffer.concat(waiting)
    waiting = []
    count = 0
  }
  if (count > 0) yield Buffer.concat(waiting)
}

type Described = Pick<Headers, 'name' | 'type' | 'linkname' | 'size'>

function describe(member: Described, { mode, mtimeNs }: BigIntStats): Headers {
  const wholeSeconds = mtimeNs / NANOSECONDS
  const fraction = String(mtimeNs % NANOSECONDS).padStart(9, '0')
  return {
    ...member,
    mode: Number(mode) & 0o777,
    mtime: new Date(Number(wholeSeconds) * 1000),
    // The header itself has whole seconds.
    ...(mtimeNs > 0n && { pax: { mtime: `${wholeSeconds}.${fraction}` } }),
  }
}

const NANOSECONDS = 1_000_000_000n
