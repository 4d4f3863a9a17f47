import type { HashAlgorithm } from '../../../hashing/hash-algorithm.ts'
import { blobNameOf, splitBlobName } from '../../../model/blob-name.ts'
import type { Digest } from '../../../model/digest.ts'
import type { NeededBlob } from '../../../model/entry-record.ts'
import type { Manifest } from '../../../model/manifest.ts'
import type { ContentArrival } from '../../../outputs/content-arrival.ts'
import { blobPath } from '../../../store/blobs/blob-path.ts'
import { createContentLocator } from '../../../store/blobs/content-locator.ts'
import type { ContentHolder, ContentLocator } from '../../../store/blobs/content-locator.ts'
import { openBlob, readManifest } from '../../../store/blobs/pack-reader.ts'
import type { ReceivingFile } from '../../../store/blobs/receive-blob.ts'
import type { Store } from '../../../store/store.ts'
import type { Transfer } from '../transfer-all.ts'
import { checkAlgorithm, checkReceivedManifest } from './adopt-received.ts'
import type { ArrivingPack } from './arriving-pack.ts'
import { expectPack } from './expect-pack.ts'
import type { Fetching } from './fetching.ts'

/** An entry whose packs are on their way. What it holds is known before they are here (docs/adr/0035). */
export interface ArrivingEntry extends Disposable {
  /** The digest of the manifest's blob. */
  readonly manifest: Digest
  /** What is to be asked before the packs. None of them fails: who is not answered waits for the packs. */
  readonly questions: readonly Transfer[]
  /** How many bytes the answers had. */
  readonly answeredBytes: number
  /** Where a blob is received; undefined: wherever others are. */
  fileOf(blob: NeededBlob): ReceivingFile | undefined
  /** The manifest is in the store. */
  manifestIsHere(): void
  /** Nothing more will come. */
  fail(reason: unknown): void
  /**
   * Resolves when it is known what the entry holds, and where; to undefined when that cannot be asked for.
   * @throws what the transfers failed with, and {TaskVaultError} BLOB_CORRUPT, BLOB_MISSING, ENTRY_DAMAGED.
   */
  open(): Promise<OpenedArrival | undefined>
  /** Whether the packs, which are here now, say of themselves what was answered before they were. */
  isAsAnswered(): boolean
}

export interface OpenedArrival {
  readonly manifest: Manifest
  readonly algorithm: HashAlgorithm
  readonly locator: ContentLocator
  /** What holds a content: packs by their places in the manifest from 1, and 0 for the manifest itself. */
  blobsOf(digest: Buffer): readonly number[] | undefined
  readonly arrival: ContentArrival
}

/**
 * Prepares for the packs that are `absent`.
 * @throws errors of the operating system as they are.
 */
export function beginArrival(
  store: Store,
  { blobs, record }: Fetching,
  absent: readonly NeededBlob[],
): ArrivingEntry {
  using stack = new DisposableStack()
  const { algorithm, cacheDirectory } = store
  const { digest: manifestDigest } = splitBlobName(record.manifest.name)
  const end = new AbortController()
  let answeredBytes = 0
  const source = {
    blobs,
    algorithm,
    signal: end.signal,
    count: (bytes: number) => void (answeredBytes += bytes),
  }
  const expected = new Map(
    absent.map((pack) => [pack.name, stack.use(expectPack(store, pack, source))] as const),
  )
  /** By the descriptors that the frames have. */
  const arriving = new Map<number, ArrivingPack>()
  const manifestHere = Promise.withResolvers<void>()
  // Nobody may ever want to know.
  manifestHere.promise.catch(() => {})

  async function openPack(digest: Digest): Promise<ContentHolder | undefined> {
    const coming = expected.get(blobNameOf({ algorithm: algorithm.name, digest }))
    if (coming === undefined) return kept.use(await openBlob(blobPath(cacheDirectory, digest)))
    const pack = await coming.opened
    if (pack !== undefined) arriving.set(pack.holder.descriptor, pack)
    return pack?.holder
  }

  const kept = stack.move()
  return {
    manifest: manifestDigest,
    questions: Array.from(expected.values(), ({ ask }) => ask),
    get answeredBytes() {
      return answeredBytes
    },
    fileOf: ({ name }) => expected.get(name)?.arrival,
    manifestIsHere: () => manifestHere.resolve(),
    fail(reason) {
      end.abort(reason)
      manifestHere.reject(reason)
      for (const pack of expected.values()) pack.fail(reason)
    },
    async open() {
      await manifestHere.promise
      const blob = kept.use(await openBlob(blobPath(cacheDirectory, manifestDigest)))
      checkAlgorithm(blob, store)
      const manifest = readManifest(blob)
      checkReceivedManifest(manifest, record)
      const packs = await Promise.all(manifest.blobs.map(openPack))
      if (!packs.every((pack) => pack !== undefined)) return undefined
      const locator = createContentLocator([blob, ...packs], algorithm)
      return {
        manifest,
        algorithm,
        locator,
        blobsOf: (digest) => locator.blobsOf(digest),
        arrival: {
          untilWritten: async (frame) => await arriving.get(frame.descriptor)?.untilWritten(frame),
          untilReadable: async (frame) =>
            await arriving.get(frame.descriptor)?.untilReadable(frame),
        },
      }
    },
    isAsAnswered: () => arriving.values().every((pack) => pack.endsAsAnswered()),
    [Symbol.dispose]: () => kept.dispose(),
  }
}
