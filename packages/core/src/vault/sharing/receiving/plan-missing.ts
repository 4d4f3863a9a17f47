import type { Digest } from '../../../model/digest.ts'
import type { NeededBlob } from '../../../model/entry-record.ts'
import { isLittle, planRuns } from '../../../model/plan-parts.ts'
import { findContents } from '../../../store/blobs/contents.ts'
import { findScattered } from '../../../store/blobs/find-scattered.ts'
import { FRAME_BYTES } from '../../../store/blobs/frame-compressor.ts'
import { createKnownBlobs } from '../../../store/blobs/known-blobs.ts'
import type { KnownIndex } from '../../../store/blobs/pack-reader.ts'
import type { UsedBlob } from '../../../store/blobs/packed-contents.ts'
import type { Store } from '../../../store/store.ts'
import type { RemoteRun } from './fetch-frames.ts'
import type { ClaimedContents } from './find-claimed.ts'

/** A pack that is elsewhere, and what it says that it holds. */
export interface IndexedPack {
  readonly pack: NeededBlob
  readonly known: KnownIndex
}

export interface MissingPlan {
  /** Blobs of this store that hold what is not missing. */
  readonly used: readonly UsedBlob[]
  readonly runs: readonly RemoteRun[]
}

export interface MissingRequest {
  readonly packs: readonly IndexedPack[]
  /** Of the outputs that the packs belong to. */
  readonly sizeBytes: number
  /** What may be here besides what the index of the store knows. */
  readonly claimed: ClaimedContents
}

/**
 * Plans how to come by all that lies in packs that are elsewhere; undefined when that is better done by
 * fetching the packs.
 */
export function planMissing(
  store: Store,
  { packs, sizeBytes, claimed }: MissingRequest,
): MissingPlan | undefined {
  const blobs = createKnownBlobs(store, new Set())
  const used = new Map<number, Digest>()
  const runs: RemoteRun[] = []
  for (const { pack, known } of packs) {
    const { frames, contents } = known.index
    const found = findContents(store, contents)
    for (const number of found.blobs) {
      const digest = blobs.find(number)
      if (digest === undefined) return undefined
      used.set(number, digest)
    }
    const missingRows = found.missingRows.filter((row) => {
      const holder = claimed.get(contents.read(row).digest.toString('latin1'))
      if (holder !== undefined) used.set(holder.number, holder.digest)
      return holder === undefined
    })
    const rowsByFrame = Map.groupBy(missingRows, (row) => contents.placeAt(row).frame)
    const isOurs = missingRows.every((row) => contents.placeAt(row).length <= FRAME_BYTES)
    // No writer of ours makes more of it than there was.
    const isSane = frames.every((frame) => frame.storedBytes <= frame.rawBytes)
    if (!isOurs || !isSane) return undefined
    const wanted = [...rowsByFrame.keys()].toSorted((left, right) => left - right)
    const place = { frames, offsets: known.offsets }
    for (const run of planRuns(wanted, place))
      runs.push({ pack, run, frames, contents, rowsByFrame })
  }
  const runBytes = runs.reduce((sum, { run }) => sum + run.end - run.start, 0)
  const packBytes = packs.reduce((sum, { pack }) => sum + pack.sizeBytes, 0)
  const uses = Array.from(used, ([number, digest]) => ({ number, digest }))
  if (!isLittle(runBytes, packBytes) || findScattered(store, uses, sizeBytes).length > 0)
    return undefined
  return { used: uses, runs }
}
