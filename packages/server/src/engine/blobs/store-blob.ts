import { createExpectedBlob, verifiedPieces } from '@taskvault/core'
import type { ByteStream } from '@taskvault/core'
import { TaskVaultError } from '@taskvault/core'
import type { Principal, Scope } from '../../trust/principal.ts'
import type { EngineContext } from '../engine-context.ts'
import type { BlobRow } from '../engine.ts'
import { scopeToWrite } from '../visible-scopes.ts'
import { findKnownBlobs } from './known-blobs.ts'
import { abandonObject, reserveObjects, settleObjects } from './loose-objects.ts'
import type { ReservedObject } from './loose-objects.ts'

/** As `Engine.storeBlob`. */
export async function storeBlob(
  context: EngineContext,
  who: Principal,
  { blob, bytes }: { readonly blob: BlobRow; readonly bytes: ByteStream },
): Promise<boolean> {
  const scope = scopeToWrite(who, 'blobs:write')
  checkSize(blob, context)
  const known = await findKnownBlobs(context, who, [blob.name])
  if (known.size > 0) return false
  const blobs = [{ ...blob, sha256: undefined }]
  const keepMs = context.times.uploadMs
  const [object] = await reserveObjects(context, who, { scope, blobs, keepMs })
  if (object === undefined) throw new Error('A place was reserved, and is not there')
  try {
    await writeObject(context, object, bytes)
    const added = await settleObjects(context, who, { scope, objects: [object] })
    if (added.has(blob.name)) return true
    // Somebody was quicker; or this one took so long that its place was given up.
    if ((await findKnownBlobs(context, who, [blob.name])).size > 0) return false
    throw broken()
  } catch (error) {
    await giveUp(context, { tenantId: who.tenantId, scope, object })
    throw error
  }
}

async function writeObject(
  { objects }: EngineContext,
  object: ReservedObject,
  bytes: ByteStream,
): Promise<void> {
  const expected = await createExpectedBlob(object)
  let isOpened = false
  const wasNew = await objects.putIfAbsent(object.objectKey, {
    sizeBytes: object.sizeBytes,
    open() {
      // They come from a socket: there is no second time.
      if (isOpened) throw broken()
      isOpened = true
      return verifiedPieces(bytes, expected())
    },
  })
  if (!wasNew) throw new Error(`${object.objectKey} was taken by other bytes`)
}

function broken(): TaskVaultError {
  return new TaskVaultError('REMOTE_UNAVAILABLE', 'The transfer broke off, or took too long', {
    hint: 'Send the blob again.',
  })
}

/** Best effort: what is left behind expires. */
async function giveUp(
  context: EngineContext,
  {
    tenantId,
    scope,
    object,
  }: { readonly tenantId: string; readonly scope: Scope; readonly object: ReservedObject },
): Promise<void> {
  try {
    await abandonObject(context, { tenantId, scope, objectKey: object.objectKey })
  } catch (error) {
    context.report({ kind: 'trouble', doing: 'give an upload up', error })
  }
}

/** @throws {TaskVaultError} REQUEST_TOO_LARGE */
export function checkSize({ name, sizeBytes }: BlobRow, { limits }: EngineContext): void {
  if (sizeBytes <= limits.blobBytes) return
  throw new TaskVaultError(
    'REQUEST_TOO_LARGE',
    `Blob ${name} has ${sizeBytes} bytes; at most ${limits.blobBytes} are taken`,
  )
}
