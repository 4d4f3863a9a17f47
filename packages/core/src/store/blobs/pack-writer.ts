import { closeSync, fdatasync, openSync, write as writeSome } from 'node:fs'
import { promisify } from 'node:util'
import { removeFile } from '../../files/remove-file.ts'
import { renameWritten } from '../../files/rename-written.ts'
import { digestFromBytes } from '../../model/digest.ts'
import type { Digest } from '../../model/digest.ts'
import { encodeBlobHeader, encodePackIndex, encodeTrailer } from '../../model/pack-index.ts'
import type { ChunkedContent, Frame } from '../../model/pack-index.ts'
import type { Store } from '../store.ts'
import { blobPath, temporaryBlobPath } from './blob-path.ts'
import { compressIndex } from './compress-index.ts'
import { createContentList } from './content-list.ts'
import type { ContentList } from './content-list.ts'
import { FRAME_BYTES } from './frame-compressor.ts'
import type { FrameCompressor } from './frame-compressor.ts'

/** A blob that has its name, and is on the disk. */
export interface WrittenBlob {
  readonly digest: Digest
  readonly sizeBytes: number
  /** Digests of all contents in it, large ones that were cut included. */
  readonly contents: readonly Buffer[]
}

/** What a content is for. */
export type Lane = 'file' | 'tree'

/** Writes one blob. Contents are added in memory; compressing and writing go on beside the caller. */
export interface PackWriter {
  /** Frames that wait for the processor or the disk. */
  readonly waitingFrames: number
  /** All frames so far, those that wait included. */
  readonly startedFrames: number
  /** Bytes that the blob has on disk so far. */
  readonly storedBytes: number
  /** Whether nothing was added. */
  readonly isEmpty: boolean
  /**
   * Adds a content of less than a frame's size; `bytes` are copied. Contents of different lanes never
   * share a frame: directories are read one after the other, without the files between them.
   */
  add(digest: Buffer, bytes: Uint8Array, lane?: Lane): void
  addChunked(content: ChunkedContent): void
  /** Resolves when the frame that waits longest is written; rejects when writing failed. */
  drain(): Promise<void>
  /** Writes the rest, makes it durable, and gives the blob its name. */
  finish(): Promise<WrittenBlob>
  /** Removes what was written. Harmless after `finish`. */
  abandon(): void
}

const syncData = promisify(fdatasync)
const writePart = promisify(writeSome)

/** Starts a blob in the store's directory; its file exists from the first frame on. */
export function createPackWriter(
  { cacheDirectory, algorithm }: Pick<Store, 'cacheDirectory' | 'algorithm'>,
  compressor: FrameCompressor,
): PackWriter {
  const temporary = temporaryBlobPath(cacheDirectory)
  const header = encodeBlobHeader('pack', algorithm.name)
  const hasher = algorithm.createHasher()
  const frames: Frame[] = []
  const contents = createContentList(algorithm.digestBytes)
  const chunked: ChunkedContent[] = []

  let descriptor: number | undefined
  let storedBytes = 0
  let startedFrames = 0
  let isAbandoned = false
  let isWriting = false
  const lanes: Record<Lane, OpenFrame> = {
    file: createFrame(algorithm.digestBytes),
    tree: createFrame(algorithm.digestBytes),
  }
  // Frames are compressed side by side and written one after the other; the oldest comes first.
  const waiting: Promise<void>[] = []

  /** Beside the caller: it takes as long as to cut what comes next. One at a time. */
  async function write(bytes: Uint8Array): Promise<void> {
    // The file is gone, and its descriptor may be another file's by now.
    if (isAbandoned) throw abandoned()
    descriptor ??= openSync(temporary, 'wx', 0o644)
    isWriting = true
    try {
      await writeAll(descriptor, bytes)
    } finally {
      isWriting = false
      if (isAbandoned) close()
    }
    hasher.update(bytes)
    storedBytes += bytes.length
  }

  function close(): void {
    if (descriptor !== undefined) closeSync(descriptor)
    descriptor = undefined
  }

  function startFrame(lane: Lane): void {
    const frame = lanes[lane]
    const { buffer: raw, length, members } = frame
    // Empty contents lie in a frame too, even in one that is empty itself.
    if (members.length === 0) return
    for (const content of members) contents.add({ ...content, frame: startedFrames })
    clearFrame(frame)
    const compressed = compressor.compress(raw.subarray(0, length))
    const before = waiting.at(-1)
    startedFrames += 1
    const written = (async () => {
      const { bytes, release } = await compressed
      await before
      const isSmaller = bytes.length < length
      if (frames.length === 0) await write(header)
      await write(isSmaller ? bytes : raw.subarray(0, length))
      const storedLength = Math.min(bytes.length, length)
      const codec = isSmaller ? 'zstd' : 'stored'
      frames.push({ storedBytes: storedLength, rawBytes: length, codec })
      release()
      if (raw.length > 0) compressor.takeBack(raw)
      void waiting.shift()
    })()
    // A failure is met where the caller waits, not as an unhandled rejection before that.
    written.catch(() => {})
    waiting.push(written)
  }

  return {
    get waitingFrames() {
      return waiting.length
    },
    get startedFrames() {
      return startedFrames
    },
    get storedBytes() {
      return storedBytes
    },
    get isEmpty() {
      const added = contents.length + lanes.file.members.length + lanes.tree.members.length
      return added === 0 && chunked.length === 0
    },
    add(digest, bytes, lane = 'file') {
      if (lanes[lane].length + bytes.length > FRAME_BYTES) startFrame(lane)
      const frame = lanes[lane]
      if (frame.buffer.length === 0) frame.buffer = compressor.lend()
      frame.buffer.set(bytes, frame.length)
      frame.members.add({ digest, frame: UNKNOWN, offset: frame.length, length: bytes.length })
      frame.length += bytes.length
    },
    addChunked: (content) => void chunked.push(content),
    drain: async () => await waiting[0],
    async finish() {
      startFrame('file')
      startFrame('tree')
      await waiting.at(-1)
      if (isAbandoned) throw abandoned()
      const index = encodePackIndex({ frames, contents, chunked }, algorithm.digestBytes)
      const storedIndex = compressIndex(index)
      if (frames.length === 0) await write(header)
      await write(storedIndex)
      await write(encodeTrailer({ storedBytes: storedIndex.length, rawBytes: index.length }))
      if (descriptor === undefined) throw new Error('a blob has at least its index')
      await syncData(descriptor)
      if (isAbandoned) throw abandoned()
      close()
      const digest = digestFromBytes(hasher.digest())
      // The name is the digest of the bytes: whoever wrote it meanwhile wrote the same.
      renameWritten(temporary, blobPath(cacheDirectory, digest))
      const names = [...contents, ...chunked].map((content) => content.digest)
      return { digest, sizeBytes: storedBytes, contents: names }
    },
    abandon() {
      isAbandoned = true
      // What is being written goes to this file, not to the next one that gets its descriptor.
      if (!isWriting) close()
      removeFile(temporary)
    },
  }
}

/** A single write may take less. */
async function writeAll(descriptor: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += (await writePart(descriptor, bytes, at, bytes.length - at)).bytesWritten
  }
}

function abandoned(): Error {
  return new Error('a blob that was abandoned is written no further')
}

/** A frame that is being filled. */
interface OpenFrame {
  buffer: Buffer
  length: number
  readonly members: ContentList
}

/** A frame gets its number when it is full: those of other lanes may be so before. */
const UNKNOWN = 0

function createFrame(digestBytes: number): OpenFrame {
  return { buffer: NO_BYTES, length: 0, members: createContentList(digestBytes) }
}

/** Leaves the bytes to whoever compresses them. */
function clearFrame(frame: OpenFrame): void {
  frame.buffer = NO_BYTES
  frame.length = 0
  frame.members.clear()
}

const NO_BYTES = Buffer.alloc(0)
