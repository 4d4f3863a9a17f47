import type { NewFile, UnpackBatch } from './unpack-batch.ts'

/** Files of a batch: enough to make messages rare, few enough to share the work evenly. */
const BATCH_FILES = 250

/** Puts files whose contents lie in the same frame side by side, in the order of the disk. */
export function planBatches(files: readonly NewFile[]): UnpackBatch[] {
  const batches: NewFile[][] = []
  let current: NewFile[] = []
  for (const file of files.toSorted(byPlace)) {
    const isOtherFrame = current.at(-1)?.slices.at(-1)?.frame !== file.slices[0]?.frame
    if (current.length >= BATCH_FILES && isOtherFrame) {
      batches.push(current)
      current = []
    }
    current.push(file)
  }
  if (current.length > 0) batches.push(current)
  return batches
}

function byPlace(a: NewFile, b: NewFile): number {
  const [first, second] = [a.slices[0], b.slices[0]]
  if (first === undefined || second === undefined) return (first ? 1 : 0) - (second ? 1 : 0)
  return (
    first.frame.descriptor - second.frame.descriptor ||
    first.frame.position - second.frame.position ||
    first.offset - second.offset
  )
}
