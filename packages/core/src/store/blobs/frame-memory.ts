/** Contents that are much alike go to and fro between a few frames. */
const KEPT_FRAMES = 8

/**
 * Reads frames, and keeps those that were read last: as many of a content in a thousand packs as of one
 * in eight.
 */
export function createFrameMemory<Frame, Bytes>(
  read: (frame: Frame) => Bytes,
): (frame: Frame) => Bytes {
  const kept = new Map<Frame, Bytes>()
  return (frame) => {
    const bytes = kept.get(frame) ?? read(frame)
    // The one read last is the last.
    kept.delete(frame)
    kept.set(frame, bytes)
    const [oldest] = kept.size > KEPT_FRAMES ? kept.keys() : []
    if (oldest !== undefined) kept.delete(oldest)
    return bytes
  }
}
