import type { ContentLocator } from '../store/blobs/content-locator.ts'
import type { FrameLocation } from '../store/unpacking/frame-reader.ts'

/** When frames are here that a locator names. */
export interface ContentArrival {
  /** Where threads read them. */
  untilWritten(frame: FrameLocation): Promise<void>
  /** Where this thread does. */
  untilReadable(frame: FrameLocation): Promise<void>
}

/**
 * Resolves when this thread can read a content.
 * @throws {TaskVaultError} BLOB_MISSING; why it will not arrive.
 */
export async function untilContentReadable(
  digest: Buffer,
  { locator, arrival }: { readonly locator: ContentLocator; readonly arrival: ContentArrival },
): Promise<void> {
  for (const { frame } of locator.locate(digest)) await arrival.untilReadable(frame)
}
