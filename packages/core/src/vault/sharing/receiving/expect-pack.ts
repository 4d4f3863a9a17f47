import { closeSync, openSync } from 'node:fs'
import { removeFile } from '../../../files/remove-file.ts'
import type { NeededBlob } from '../../../model/entry-record.ts'
import { nodeBytesOf } from '../../../model/plan-parts.ts'
import { temporaryBlobPath } from '../../../store/blobs/blob-path.ts'
import type { Store } from '../../../store/store.ts'
import { createArrival } from './arrival.ts'
import type { Arrival } from './arrival.ts'
import { openArrivingPack } from './arriving-pack.ts'
import type { ArrivingPack } from './arriving-pack.ts'
import type { PartSource } from './read-part.ts'
import { readRemoteIndex } from './read-remote-index.ts'

/** A pack that is to be received, and of which it is asked before what it holds. */
export interface ExpectedPack extends Disposable {
  /** Where it is received. */
  readonly arrival: Arrival
  /** Asks. Never fails: `opened` does. */
  ask(signal: AbortSignal): Promise<void>
  /** Resolves when its index is known; to undefined when that is too large to ask for. */
  readonly opened: Promise<ArrivingPack | undefined>
  /** It will not come. */
  fail(reason: unknown): void
}

/** @throws errors of the operating system as they are. */
export function expectPack(
  { cacheDirectory }: Pick<Store, 'cacheDirectory'>,
  pack: NeededBlob,
  source: PartSource,
): ExpectedPack {
  const path = temporaryBlobPath(cacheDirectory)
  closeSync(openSync(path, 'wx', 0o644))
  const arrival = createArrival(path)
  const opened = Promise.withResolvers<ArrivingPack | undefined>()
  // Nobody may ever want to know.
  opened.promise.catch(() => {})
  const kept = new DisposableStack()
  kept.defer(() => removeFile(path))
  return {
    arrival,
    opened: opened.promise,
    async ask(signal) {
      try {
        const found = await readRemoteIndex(
          pack,
          { ...source, signal },
          nodeBytesOf(pack.sizeBytes),
        )
        opened.resolve(found && kept.use(openArrivingPack({ pack, arrival, ...found }, source)))
      } catch (error) {
        opened.reject(error)
      }
    },
    fail(reason) {
      arrival.fail(reason)
      opened.reject(reason)
    },
    [Symbol.dispose]: () => kept.dispose(),
  }
}
