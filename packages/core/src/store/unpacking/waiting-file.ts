import type { FileIdentity } from './file-identity.ts'
import type { FrameLocation } from './frame-reader.ts'
import type { NewFile } from './unpack-batch.ts'

/**
 * A file whose turn to be made has not come. Tens of thousands wait at a time: what making it takes is asked
 * for when it is made.
 */
export interface WaitingFile {
  readonly source: FileSource
  /** Which of the source's files it is. */
  readonly index: number
  /** Where its content begins; undefined when nothing has to be read for it. */
  readonly frame: FrameLocation | undefined
  readonly offset: number
}

/** What files come from: a directory, or one that is alone. */
export interface FileSource {
  describe(index: number): NewFile
  /** Told that the file is made, and what it was then. */
  finish(index: number, identity: FileIdentity): void
}

/** Files that are best made together, because their contents share a frame. */
export type WaitingBatch = readonly WaitingFile[]

export function describeBatch(batch: WaitingBatch): NewFile[] {
  return batch.map(({ source, index }) => source.describe(index))
}
