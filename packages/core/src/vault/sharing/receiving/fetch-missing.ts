import { isTaskVaultError } from '../../../errors.ts'
import type { EntryRecord, NeededBlob } from '../../../model/entry-record.ts'
import { isWorthAsking } from '../../../model/plan-parts.ts'
import { hasContents } from '../../../store/blobs/contents.ts'
import { createReceivedContents } from '../../../store/blobs/received-contents.ts'
import type { Store } from '../../../store/store.ts'
import type { OpenParts } from '../../open-parts.ts'
import { transferAll } from '../transfer-all.ts'
import { adoptAssembled } from './adopt-assembled.ts'
import { countReceived, isHere } from './fetch-blobs.ts'
import { fetchFrames } from './fetch-frames.ts'
import type { Fetching } from './fetching.ts'
import { findClaimed } from './find-claimed.ts'
import type { ClaimedContents } from './find-claimed.ts'
import { findKin } from './find-kin.ts'
import { planMissing } from './plan-missing.ts'
import type { IndexedPack, MissingPlan } from './plan-missing.ts'
import { readRemoteIndex } from './read-remote-index.ts'
import { receiveManifest } from './read-remote-manifest.ts'
import type { ReceivedManifest } from './read-remote-manifest.ts'

/** What says that an entry cannot be had in parts, and nothing of whether it can be had whole. */
const NOT_IN_PARTS = [
  'BLOB_CORRUPT',
  'BLOB_MISSING',
  'ENTRY_DAMAGED',
  'FORMAT_UNSUPPORTED',
  'REMOTE_INVALID',
  'REMOTE_REFUSED',
] as const

/**
 * Brings an entry of which little is missing here, although its packs are: fetches what is missing by itself,
 * and publishes an entry that refers to packs of this store (docs/adr/0031).
 * @returns how many bytes came; undefined when the entry is to be fetched whole, for whatever reason.
 * @throws {TaskVaultError} REMOTE_UNAVAILABLE, and what the database and the file system say.
 */
export async function fetchMissing(
  { store }: Pick<OpenParts, 'store'>,
  fetching: Fetching,
): Promise<number | undefined> {
  const { record } = fetching
  const absent = record.packs.filter((pack) => !isHere(store, pack))
  if (!(await mayHaveMost(store, record, absent))) return undefined
  const claimed = await findClaimed(store, record.task)
  if (claimed.size === 0 && !hasContents(store)) return undefined
  try {
    return await assemble(store, { ...fetching, claimed }, absent)
  } catch (error) {
    if (!isTaskVaultError(error, ...NOT_IN_PARTS)) throw error
    return undefined
  }
}

async function mayHaveMost(
  store: Store,
  { task, sizeBytes }: EntryRecord,
  absent: readonly NeededBlob[],
): Promise<boolean> {
  const packBytes = absent.reduce((sum, pack) => sum + pack.sizeBytes, 0)
  // Most results are small: for them, nothing more is looked up.
  if (!isWorthAsking({ packBytes, sizeBytes, kinBytes: sizeBytes })) return false
  const kinBytes = await findKin(store, task)
  return isWorthAsking({ packBytes, sizeBytes, kinBytes })
}

interface Assembling extends Fetching {
  readonly claimed: ClaimedContents
}

async function assemble(
  store: Store,
  fetching: Assembling,
  absent: readonly NeededBlob[],
): Promise<number | undefined> {
  const { record, claimed } = fetching
  const { packs, receivedBytes } = await readIndexes(store, fetching, absent)
  if (packs.length < absent.length) return undefined
  const plan = planMissing(store, { packs, sizeBytes: record.sizeBytes, claimed })
  if (plan === undefined) return undefined
  using kept = createReceivedContents(store, record.task)
  const received = await fetchPlanned(store, { ...fetching, plan, kept })
  if (received === undefined) return undefined
  for (const { known } of packs) for (const cut of known.index.chunked) kept.addChunked(cut)
  const bytes = receivedBytes + sumOf(plan) + record.manifest.sizeBytes
  const used = [...plan.used, ...(await kept.finish())]
  return adoptAssembled(store, { record, received, used, receivedBytes: bytes }) ? bytes : undefined
}

interface IndexedPacks {
  /** Without those whose index is not worth its bytes. */
  readonly packs: readonly IndexedPack[]
  readonly receivedBytes: number
}

async function readIndexes(
  { algorithm }: Store,
  { blobs }: Fetching,
  absent: readonly NeededBlob[],
): Promise<IndexedPacks> {
  const packs: IndexedPack[] = []
  let receivedBytes = 0
  const count = (bytes: number): void => void (receivedBytes += bytes)
  await transferAll(
    absent.map((pack) => async (signal) => {
      const found = await readRemoteIndex(pack, { blobs, algorithm, signal, count })
      if (found !== undefined) packs.push({ pack, known: found.known })
    }),
  )
  return { packs, receivedBytes }
}

interface Planned extends Fetching {
  readonly plan: MissingPlan
  readonly kept: ReturnType<typeof createReceivedContents>
}

async function fetchPlanned(
  store: Store,
  { blobs, record, plan, kept }: Planned,
): Promise<ReceivedManifest | undefined> {
  const { algorithm } = store
  const count = countReceived(store, sumOf(plan) + record.manifest.sizeBytes)
  let received: ReceivedManifest | undefined
  await transferAll([
    async (signal) => {
      received = await receiveManifest(store, { blobs, record, signal })
      count(record.manifest.sizeBytes)
    },
    ...plan.runs.map((run) => async (signal: AbortSignal) => {
      await fetchFrames(run, { blobs, algorithm, signal, count }, kept)
    }),
  ])
  return received
}

function sumOf({ runs }: MissingPlan): number {
  return runs.reduce((sum, { run }) => sum + run.end - run.start, 0)
}
