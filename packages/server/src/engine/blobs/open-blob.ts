import { TaskVaultError } from '@taskvault/core'
import type { BlobName, ByteRange } from '@taskvault/core'
import { authorize } from '../../trust/model/roles.ts'
import type { Principal } from '../../trust/principal.ts'
import type { EngineContext } from '../engine-context.ts'
import type { BlobRow, OpenedBlob } from '../engine.ts'
import { dismissBlob } from './dismiss-blob.ts'
import { findKnownBlobs } from './known-blobs.ts'

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
  const isWhole = range.start === 0 && range.end === sizeBytes
  const bytes = await context.objects.get(objectKey, isWhole ? {} : { range })
  if (bytes === undefined) {
    const { scope } = blob
    await dismissBlob(context, { tenantId: who.tenantId, scope, objectKey, because: 'lost' })
    return undefined
  }
  return { name, sizeBytes, range, bytes: context.held.hold(objectKey, bytes) }
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
