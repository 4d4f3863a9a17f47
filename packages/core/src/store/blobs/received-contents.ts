import type { ChunkedContent } from '../../model/pack-index.ts'
import type { TaskName } from '../../model/task.ts'
import { removeUnneeded } from '../removal/remove-unneeded.ts'
import type { Store } from '../store.ts'
import { registerBlob } from './contents.ts'
import { createFrameCompressor } from './frame-compressor.ts'
import { createPackWriter } from './pack-writer.ts'
import type { PackWriter } from './pack-writer.ts'
import type { UsedBlob } from './packed-contents.ts'
import { noteReceived } from './received-packs.ts'

/**
 * Keeps contents that came from elsewhere without the packs that they came in, in packs of this store. Like
 * a pack that came whole, these have a note: what large contents were cut into, nobody has checked.
 */
export interface ReceivedContents extends Disposable {
  /** Takes a content that is verified; its bytes are copied. Waits while too much is in memory. */
  add(digest: Buffer, bytes: Uint8Array): Promise<void>
  addChunked(content: ChunkedContent): void
  /** Stores the rest. @returns the packs, which no entry needs yet. */
  finish(): Promise<readonly UsedBlob[]>
}

/** Frames that are compressed, or wait for it. */
const MAX_WAITING_FRAMES = 6
/** Stored bytes after which a pack is closed and the next one begun. */
const PACK_BYTES = 16 * 1024 * 1024

/** Disposing it removes the packs that no entry needs by then. */
export function createReceivedContents(store: Store, task: TaskName): ReceivedContents {
  const compressor = createFrameCompressor()
  const known = new Set<string>()
  const closed: Promise<UsedBlob>[] = []
  const writers: PackWriter[] = []
  const numbers: number[] = []
  let current = begin()

  function begin(): OpenPack {
    const pack = { writer: createPackWriter(store, compressor), digests: [] }
    writers.push(pack.writer)
    return pack
  }

  async function complete({ writer, digests }: OpenPack): Promise<UsedBlob> {
    const { digest, sizeBytes } = await writer.finish()
    noteReceived(store, digest, task)
    const number = registerBlob(store, { digest, sizeBytes, contents: digests })
    numbers.push(number)
    return { number, digest }
  }

  function close(): void {
    const completed = complete(current)
    // A failure is met by `finish`.
    completed.catch(() => {})
    closed.push(completed)
  }

  return {
    async add(digest, bytes) {
      const name = digest.toString('latin1')
      if (known.has(name)) return
      known.add(name)
      const { writer, digests } = current
      writer.add(digest, bytes)
      digests.push(digest)
      while (writer.waitingFrames >= MAX_WAITING_FRAMES) await writer.drain()
      // Others add contents meanwhile.
      if (writer !== current.writer || writer.storedBytes < PACK_BYTES) return
      close()
      current = begin()
    },
    addChunked: (content) => current.writer.addChunked(content),
    async finish() {
      if (!current.writer.isEmpty) close()
      return await Promise.all(closed)
    },
    [Symbol.dispose]() {
      for (const writer of writers) writer.abandon()
      compressor[Symbol.dispose]()
      removeUnneeded(store, numbers)
    },
  }
}

interface OpenPack {
  readonly writer: PackWriter
  /** Of the contents that lie in it whole. */
  readonly digests: Buffer[]
}
