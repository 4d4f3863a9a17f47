import type { WaitingBatch, WaitingFile } from './waiting-file.ts'

/** Files of a batch: enough to make messages rare, few enough to share the work evenly. */
const BATCH_FILES = 250

/** Puts files whose contents lie in the same frame side by side, in the order of the disk. */
export function planBatches(files: readonly WaitingFile[]): WaitingBatch[] {
  const batches: WaitingFile[][] = []
  let current: WaitingFile[] = []
  for (const file of files.toSorted(byPlace)) {
    const isOtherFrame = current.at(-1)?.frame !== file.frame
    if (current.length >= BATCH_FILES && isOtherFrame) {
      batches.push(current)
      current = []
    }
    current.push(file)
  }
  if (current.length > 0) batches.push(current)
  return batches
}

function byPlace(a: WaitingFile, b: WaitingFile): number {
  if (a.frame === undefined || b.frame === undefined) return (a.frame ? 1 : 0) - (b.frame ? 1 : 0)
  return (
    a.frame.descriptor - b.frame.descriptor ||
    a.frame.position - b.frame.position ||
    a.offset - b.offset
  )
}
