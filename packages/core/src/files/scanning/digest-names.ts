import { readlinkSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { TaskVaultError, asTaskVaultError } from '../../errors.ts'
import type { ContentSink, Place } from '../contents/content-sink.ts'
import { CHUNKED_FROM_BYTES } from '../contents/cut-chunks.ts'
import { readSeen } from '../contents/read-content.ts'
import type { Listing } from './listing.ts'
import { FILE_TYPE, SYMLINK_TYPE, isSame, typeOf } from './observe-directory.ts'
import type { Observation } from './observe-directory.ts'
import { rememberedTime } from './scan-context.ts'
import type { ScanContext } from './scan-context.ts'

/** What one directory's names hold, before its subdirectories are known. */
export interface DigestedNames {
  /** Without `node` and `blobs`; the digests of subdirectories are zeros. */
  readonly listing: Listing
  /** The change times as they are, where the listing has NaN for those it must not rely on. */
  readonly mtimeMs: Float64Array
  /** Where the files' contents are; empty without a sink. */
  readonly places: Set<Place>
}

export interface DigestOptions {
  readonly context: Pick<ScanContext, 'algorithm'>
  readonly sink?: ContentSink | undefined
  /** When the observation began; files changed since are read again next time. */
  readonly checkedAtMs: number
}

/**
 * Digests of all files in one directory; opens only those that the earlier listing does not know,
 * or that the sink does not hold.
 */
export function* digestNames(
  directory: string,
  { observed, earlier }: { observed: Observation; earlier: Listing | undefined },
  options: DigestOptions,
): Generator<void, DigestedNames> {
  const { context, sink, checkedAtMs } = options
  const { digestBytes } = context.algorithm
  const digests = Buffer.alloc(observed.names.length * digestBytes)
  const remembered = Float64Array.from(observed.mtimeMs)
  const targets: string[] = []
  const places = new Set<Place>()
  const target = { algorithm: context.algorithm, sink }

  /** What the file system shows again later, should nothing change from now on. */
  const timeOf = (index: number): number => {
    const [mtimeMs, ctimeMs] = [observed.mtimeMs[index], observed.ctimeMs[index]]
    return rememberedTime({ mtimeMs: mtimeMs as number, ctimeMs: ctimeMs as number }, checkedAtMs)
  }

  for (const [index, name] of observed.names.entries()) {
    const type = typeOf(observed.mode[index] as number)
    if (type === SYMLINK_TYPE) {
      targets.push(readTarget(`${directory}/${name}`))
      if (observed.knownAt[index] === -1) remembered[index] = timeOf(index)
      continue
    }
    if (type !== FILE_TYPE) continue
    const knownAt = observed.knownAt[index] as number
    if (knownAt >= 0 && earlier !== undefined) {
      const known = earlier.digests.subarray(knownAt * digestBytes, (knownAt + 1) * digestBytes)
      const found =
        sink === undefined ? [] : findPlaces(sink, known, observed.size[index] as number)
      if (found !== undefined) {
        known.copy(digests, index * digestBytes)
        for (const place of found) places.add(place)
        continue
      }
    }
    const seen = {
      sizeBytes: observed.size[index] as number,
      isSame: (now: Stats) => isSame(now, observed, index),
    }
    const content = yield* readSeen(`${directory}/${name}`, seen, target)
    content.digest.copy(digests, index * digestBytes)
    for (const place of content.places) places.add(place)
    // Another file may have taken the name since it was looked at, and may leave it again.
    const isOther = !isSame(content.stats, observed, index)
    remembered[index] = isOther ? Number.NaN : timeOf(index)
    observed.size[index] = content.sizeBytes
    if (sink?.isFull === true) yield
  }
  const { dev, names, ino, size, ctimeMs, mode } = observed
  const columns = { dev, names, ino, size, mtimeMs: remembered, ctimeMs, mode }
  const unknown = { node: undefined, self: undefined, blobs: undefined }
  const listing = { ...columns, digestBytes, digests, targets, ...unknown }
  return { listing, mtimeMs: observed.mtimeMs, places }
}

function findPlaces(
  sink: ContentSink,
  digest: Buffer,
  sizeBytes: number,
): readonly Place[] | undefined {
  if (sizeBytes >= CHUNKED_FROM_BYTES) return sink.findLarge(digest)
  const place = sink.find(digest)
  return place === undefined ? undefined : [place]
}

function readTarget(absolutePath: string): string {
  try {
    const target = readlinkSync(absolutePath)
    if (!target.includes('\uFFFD')) return target
  } catch (error) {
    throw asTaskVaultError(error, `read the link ${absolutePath}`)
  }
  throw new TaskVaultError('NAME_UNSUPPORTED', `The target of ${absolutePath} is not valid UTF-8`, {
    hint: 'Point the link elsewhere, or leave it out of the inputs and outputs.',
  })
}
