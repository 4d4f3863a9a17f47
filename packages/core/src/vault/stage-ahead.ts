import { isFailure } from '../errors.ts'
import { isThere } from '../files/is-there.ts'
import { UNKNOWN_BLOB, renameBlobs } from '../files/scanning/listing.ts'
import { readColumns } from '../outputs/made-directory.ts'
import type { EntryRow } from '../store/entries/entries.ts'
import type { OpenedEntry } from './open-entry.ts'
import type { OpenParts } from './open-parts.ts'
import type { ArrivingEntry } from './sharing/receiving/arriving-entry.ts'
import { stageOpened } from './stage-opened.ts'
import type { Staged } from './stage-opened.ts'
import type { EndableRequest } from './stagings.ts'
import { findTargets } from './targets/declared-outputs.ts'
import type { OutputTarget } from './vault.ts'

/**
 * Makes the files of an entry while its packs arrive, where none of its outputs is there yet. What was made
 * and is not taken is removed with this.
 */
export interface StageAhead extends AsyncDisposable {
  /** Begins with an entry, of which this disposes. Trouble is nobody's: who takes nothing stages it himself. */
  readonly begin: (arriving: ArrivingEntry) => void
  /** What was made of the entry, now that all of it is here; undefined when it has to be staged. */
  finish(): Promise<MadeAhead | undefined>
}

export interface MadeAhead {
  /** Hands it over; undefined when the entry has to be staged after all. */
  take(found: FoundEntry): Staged | undefined
}

interface FoundEntry {
  readonly entry: Pick<EntryRow, 'blob'>
  readonly opened: Pick<OpenedEntry, 'algorithm' | 'blobNumber'>
  /** Told how many files were made. */
  readonly onMade: (count: number) => void
}

interface Made {
  readonly staged: Staged
  readonly targets: readonly OutputTarget[]
  readonly arriving: ArrivingEntry
  readonly fileCount: number
}

export function createStageAhead(parts: OpenParts, request: EndableRequest): StageAhead {
  const stack = new AsyncDisposableStack()
  let begun: ArrivingEntry | undefined
  let making: Promise<Made | undefined> | undefined

  async function discard(): Promise<void> {
    const discarded = making
    making = undefined
    const made = await discarded?.catch(() => undefined)
    made?.staged.places[Symbol.dispose]()
    begun?.[Symbol.dispose]()
  }

  async function makeInstead(arriving: ArrivingEntry): Promise<Made | undefined> {
    await discard()
    begun = arriving
    return await make(parts, request, arriving)
  }

  return {
    begin(arriving) {
      stack.use(arriving)
      // There is one before it when a store fell silent, and another one stands in for it.
      making = makeInstead(arriving)
      // A failure is met by who takes it.
      making.catch(() => {})
      stack.defer(discard)
    },
    async finish() {
      const made = await making
      // A pack that does not say what was answered of it may say what is not true: who confirms packs by what
      // a restore has read (`confirmReceived`) takes it that their own indexes led there.
      const isAsAnswered = made?.arriving.isAsAnswered() === true
      begun?.[Symbol.dispose]()
      if (made === undefined || !isAsAnswered) {
        await discard()
        return undefined
      }
      return {
        take(found) {
          if (!isUsable(made, found)) return undefined
          making = undefined
          for (const { listing } of made.staged.outputs.directories)
            numberBlobs(listing, found.opened)
          found.onMade(made.fileCount)
          return made.staged
        },
      }
    },
    [Symbol.asyncDispose]: async () => await stack.disposeAsync(),
  }
}

async function make(
  parts: OpenParts,
  request: EndableRequest,
  arriving: ArrivingEntry,
): Promise<Made | undefined> {
  try {
    const opened = await arriving.open()
    const targets = opened && findTargets(opened.manifest, request.targets)
    if (opened === undefined || targets === undefined || targets.some(isOutputThere))
      return undefined
    const rules = 'select' in request.targets ? request.targets : undefined
    let fileCount = 0
    const onMade = (count: number): void => void (fileCount += count)
    const { signal } = request
    const staged = await stageOpened(parts, { targets, rules, opened, signal, onMade })
    return { staged, targets, arriving, fileCount }
  } catch (error) {
    // Whatever it is: if it is still so when all is here, the restore meets it, too.
    if (!isFailure(error)) throw error
    return undefined
  }
}

function isUsable({ targets, arriving }: Made, { entry }: FoundEntry): boolean {
  return arriving.manifest === entry.blob && !targets.some(isOutputThere)
}

function isOutputThere({ absolutePath }: OutputTarget): boolean {
  return isThere(absolutePath)
}

/** Puts the packs' numbers, which they have by now, in the places of their places in the manifest. */
function numberBlobs(listing: Uint8Array, { algorithm, blobNumber }: FoundEntry['opened']): void {
  const { blobs = [] } = readColumns(listing, algorithm.digestBytes)
  renameBlobs(
    listing,
    blobs.map((place) => blobNumber(place) ?? UNKNOWN_BLOB),
  )
}
