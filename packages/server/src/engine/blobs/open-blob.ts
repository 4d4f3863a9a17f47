import { TaskVaultError, isTaskVaultError } from '@taskvault/core'
import type { BlobName, ByteRange, ByteStream } from '@taskvault/core'
import { authorize } from '../../trust/model/roles.ts'
import type { Principal } from '../../trust/principal.ts'
import type { EngineContext } from '../engine-context.ts'
import type { BlobRow, OpenedBlob } from '../engine.ts'
import { checkFound } from './check-blob.ts'
import { dismissBlob } from './dismiss-blob.ts'
import { findKnownBlobs } from './known-blobs.ts'
import { wholeOrChecked } from './whole-or-checked.ts'

/** As `Engine.openBlob`. */
export async function openBlob(
  context: EngineContext,
  who: Principal,
  { name, wanted }: { readonly name: BlobName; readonly wanted: Partial<ByteRange> },
): Promise<OpenedBlob | undefined> {
  authorize(who, 'blobs:read')
  const blob = (await findKnownBlobs(context, who, [name])).get(name)
  if (blob === undefined) return undefined
  const { objectKey, sizeBytes } = blob
  const range = rangeWithin(sizeBytes, wanted)
  const { tenantId } = who
  const check = async (): Promise<void> => await checkFound(context, tenantId, blob)
  const bytes = await openObject(context, objectKey, { range, check })
  if (bytes === undefined) {
    await dismissBlob(context, { tenantId, scope: blob.scope, objectKey, because: 'lost' })
    return undefined
  }
  const whole = wholeOrChecked(bytes, range.end - range.start, check)
  return { name, sizeBytes, range, bytes: context.held.hold(objectKey, whole) }
}

interface Opening {
  readonly range: ByteRange
  readonly check: () => Promise<void>
}

/** Asks for a range even of all of it: an object that became longer would be sent into the next answer. */
async function openObject(
  { objects }: EngineContext,
  objectKey: string,
  { range, check }: Opening,
): Promise<ByteStream | undefined> {
  try {
    return await objects.get(objectKey, { range })
  } catch (error) {
    // It has no such range: it is shorter than it was.
    if (isTaskVaultError(error, 'REMOTE_INVALID')) await check()
    throw error
  }
}

/** As `Engine.headBlob`. */
export async function headBlob(
  context: EngineContext,
  who: Principal,
  name: BlobName,
): Promise<BlobRow | undefined> {
  authorize(who, 'blobs:read')
  const blob = (await findKnownBlobs(context, who, [name])).get(name)
  return blob === undefined ? undefined : { name, sizeBytes: blob.sizeBytes }
}

function rangeWithin(
  sizeBytes: number,
  { start = 0, end = sizeBytes }: Partial<ByteRange>,
): ByteRange {
  if (start >= 0 && start <= end && start <= sizeBytes)
    return { start, end: Math.min(end, sizeBytes) }
  throw new TaskVaultError(
    'REQUEST_INVALID',
    `There is no range ${start}-${end} in ${sizeBytes} bytes`,
  )
}
