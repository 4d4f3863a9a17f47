import { isSound } from '@taskvault/core'
import type { BlobName } from '@taskvault/core'
import { authorize } from '../../trust/model/roles.ts'
import type { Principal } from '../../trust/principal.ts'
import type { EngineContext } from '../engine-context.ts'
import { readableScopes } from '../visible-scopes.ts'
import { findBlobs } from './blob-rows.ts'
import type { FoundBlob } from './blob-rows.ts'
import { dismissBlob } from './dismiss-blob.ts'

/** As `Engine.checkBlob`. */
export async function checkBlob(
  context: EngineContext,
  who: Principal,
  name: BlobName,
): Promise<void> {
  authorize(who, 'blobs:write')
  const { tenantId } = who
  const search = { tenantId, scopes: readableScopes(who), names: [name] }
  for (const blob of await findBlobs(context.database, search))
    await checkFound(context, tenantId, blob)
}

/** Reads a blob to its end; what is damaged is dismissed, and so is what is not there. */
export async function checkFound(
  context: EngineContext,
  tenantId: string,
  blob: FoundBlob,
): Promise<void> {
  const { objects, held } = context
  const { objectKey, scope } = blob
  const bytes = await objects.get(objectKey)
  if (bytes === undefined)
    return await dismissBlob(context, { tenantId, scope, objectKey, because: 'lost' })
  if (await isSound(blob, held.hold(objectKey, bytes))) return
  await dismissBlob(context, { tenantId, scope, objectKey, because: 'damaged' })
}
