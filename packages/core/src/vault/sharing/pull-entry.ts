import { isTaskVaultError } from '../../errors.ts'
import type { ErrorCode } from '../../errors.ts'
import { splitBlobName } from '../../model/blob-name.ts'
import type { TaskKey } from '../../model/digest.ts'
import type { EntryRecord } from '../../model/entry-record.ts'
import type { ChangeReason } from '../../model/explain.ts'
import { isWorthBeginning } from '../../model/plan-parts.ts'
import type { TaskName } from '../../model/task.ts'
import type { RemoteStores } from '../../remote/remote-stores.ts'
import { recordRefusal } from '../../store/entries/record-use.ts'
import { evictIfNeeded } from '../../store/removal/evict.ts'
import type { OpenParts } from '../open-parts.ts'
import { adoptReceived } from './receiving/adopt-received.ts'
import { beginArrival } from './receiving/arriving-entry.ts'
import type { ArrivingEntry } from './receiving/arriving-entry.ts'
import { fetchBlobs, findAbsent } from './receiving/fetch-blobs.ts'
import { fetchMissing } from './receiving/fetch-missing.ts'
import type { Fetching } from './receiving/fetching.ts'
import { isRefused, refuseRecord } from './refused-records.ts'

/** An entry that is in the local store now, and was not before. */
export interface Pulled {
  readonly kind: 'pulled'
  readonly record: EntryRecord
  /** Of what this store lacked. */
  readonly receivedBytes: number
  /** Whether it refers to packs that were here before: what is wrong with it may be wrong here alone. */
  readonly isAssembled: boolean
}

/** Undefined when nothing is known of an entry. */
export type PullOutcome = Pulled | Extract<ChangeReason, { readonly kind: 'damaged' }> | undefined

export interface PullRequest {
  readonly task: TaskName
  readonly key: TaskKey
  /** Whether all of its blobs are fetched, whatever they hold. */
  readonly isWhole?: boolean | undefined
  /** Given an entry, if it is large, that is on its way, to use what has come of it; and to dispose. */
  readonly onArriving?: ((entry: ArrivingEntry) => void) | undefined
}

/** What says that an entry is not what it should be, rather than that something did not work. */
const WRONG = ['BLOB_CORRUPT', 'BLOB_MISSING', 'ENTRY_DAMAGED', 'REMOTE_INVALID'] as const

const DAMAGED_BEFORE = 'it was found so less than an hour ago, and is not fetched again yet'

/**
 * Brings an entry of the remote store into the local one, every byte verified on its way to the disk;
 * one that is damaged stays away. Trouble is reported, and is a miss.
 */
export async function pullEntry(parts: OpenParts, request: PullRequest): Promise<PullOutcome> {
  const { remote, store } = parts
  if (remote === undefined || store.database.isReadOnly) return undefined
  return await remote.attempt('read', async (stores) => {
    const record = await stores.entries.find(request.task, request.key)
    if (record === undefined) return undefined
    if (isRefused(store, record)) return { kind: 'damaged', detail: DAMAGED_BEFORE }
    return await receive(parts, stores, { ...request, record })
  })
}

interface Receiving extends Pick<PullRequest, 'isWhole' | 'onArriving'> {
  readonly record: EntryRecord
}

async function receive(
  parts: OpenParts,
  stores: RemoteStores,
  { record, isWhole = false, onArriving }: Receiving,
): Promise<PullOutcome> {
  // Another algorithm's digests are other keys: an entry of them is for somebody else.
  const isOurs = neededBy(record).every(
    ({ name }) => splitBlobName(name).algorithm === parts.store.algorithm.name,
  )
  if (!isOurs || isTooLarge(parts, record)) return undefined
  try {
    const fetching = { blobs: stores.blobs, record }
    const missingBytes = isWhole ? undefined : await fetchMissing(parts, fetching)
    const receivedBytes = missingBytes ?? (await receiveWhole(parts, fetching, onArriving))
    evictIfNeeded(parts.store, { limitBytes: parts.settings.maxSizeBytes })
    return { kind: 'pulled', record, receivedBytes, isAssembled: missingBytes !== undefined }
  } catch (error) {
    if (!isTaskVaultError(error, ...WRONG)) throw error
    dismissRecord(parts, record, error.code)
    return { kind: 'damaged', detail: error.message }
  }
}

async function receiveWhole(
  { store }: OpenParts,
  fetching: Fetching,
  onArriving: PullRequest['onArriving'],
): Promise<number> {
  const absent = findAbsent(store, fetching.record)
  const packBytes = absent.packs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const isUsed =
    onArriving !== undefined && isWorthBeginning({ packBytes, packCount: absent.packs.length })
  const arriving = isUsed ? beginArrival(store, fetching, absent.packs) : undefined
  if (arriving !== undefined) onArriving?.(arriving)
  try {
    const receivedBytes = await fetchBlobs(store, fetching, { absent, arriving })
    await adoptReceived(store, fetching.record, receivedBytes)
    return receivedBytes
  } catch (error) {
    arriving?.fail(error)
    throw error
  }
}

/** Takes an entry of the remote store for what it is: nobody's here, and not to be asked for again soon. */
export function dismissRecord({ store }: OpenParts, record: EntryRecord, code: ErrorCode): void {
  refuseRecord(store, record, code)
  recordRefusal(store, record, code)
}

/** What is promised to be larger than the whole store is no entry of use, whatever it is. */
function isTooLarge({ settings }: OpenParts, record: EntryRecord): boolean {
  const sizeBytes = neededBy(record).reduce((sum, blob) => sum + blob.sizeBytes, 0)
  return sizeBytes > settings.maxSizeBytes
}

function neededBy({ manifest, packs }: EntryRecord) {
  return [manifest, ...packs]
}
