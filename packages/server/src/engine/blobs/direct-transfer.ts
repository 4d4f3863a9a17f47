import type { BlobName, ObjectSigner, SignedRequest } from '@taskvault/core'
import { authorize } from '../../trust/model/roles.ts'
import type { Principal } from '../../trust/principal.ts'
import type { EngineContext } from '../engine-context.ts'
import type { UploadPlan, UploadRequest } from '../engine.ts'
import { scopeToWrite } from '../visible-scopes.ts'
import { findKnownBlobs } from './known-blobs.ts'
import { reserveObjects, settleObjects } from './loose-objects.ts'
import type { ComingBlob, ReservedObject } from './loose-objects.ts'
import { checkSize } from './store-blob.ts'

/** How long bytes may take to arrive whose transfer began while its request was valid. */
const TRANSFER_MS = 60 * 60_000
/** Questions to the bucket at once. */
const AT_ONCE = 16

/** As `Engine.planUploads`. */
export async function planUploads(
  context: EngineContext,
  who: Principal,
  blobs: readonly UploadRequest[],
): Promise<readonly UploadPlan[]> {
  const scope = scopeToWrite(who, 'blobs:write')
  for (const blob of blobs) checkSize(blob, context)
  const known = await findKnownBlobs(
    context,
    who,
    blobs.map(({ name }) => name),
  )
  const missing = eachOnce(blobs).filter(({ name }) => !known.has(name))
  const signer = context.isDirect ? context.objects.signer : undefined
  const direct = signer === undefined ? [] : missing.filter(isSignable)
  if (signer === undefined || direct.length === 0) return missing.map(throughUs)

  const keepMs = context.times.signatureMs + TRANSFER_MS
  const reserved = await reserveObjects(context, who, { scope, blobs: direct, keepMs })
  const requests = new Map<BlobName, SignedRequest>()
  for (const object of reserved)
    requests.set(object.name, await signUpload(context, signer, object))
  return missing.map((blob) => ({ ...throughUs(blob), direct: requests.get(blob.name) }))
}

function eachOnce(blobs: readonly UploadRequest[]): readonly UploadRequest[] {
  return [...new Map(blobs.map((blob) => [blob.name, blob])).values()]
}

type SignableUpload = ComingBlob & { readonly sha256: string }

function isSignable(blob: UploadRequest): blob is SignableUpload {
  return blob.sha256 !== undefined
}

function throughUs({ name, sizeBytes }: UploadRequest): UploadPlan {
  return { name, sizeBytes, direct: undefined }
}

async function signUpload(
  { times }: EngineContext,
  signer: ObjectSigner,
  { objectKey, sizeBytes, sha256 = '' }: ReservedObject,
): Promise<SignedRequest> {
  return await signer.signPut(objectKey, { sizeBytes, sha256 }, times.signatureMs / 1_000)
}

/**
 * As `Engine.confirmUploads`. The bucket took nothing but the bytes of the SHA-256 that the place was
 * reserved for, and says how many they are.
 */
export async function confirmUploads(
  context: EngineContext,
  who: Principal,
  blobs: readonly UploadRequest[],
): Promise<readonly BlobName[]> {
  const scope = scopeToWrite(who, 'blobs:write')
  const known = await findKnownBlobs(
    context,
    who,
    blobs.map(({ name }) => name),
  )
  const unknown = eachOnce(blobs).filter(({ name }) => !known.has(name))
  const arrived: ReservedObject[] = []
  for (let at = 0; at < unknown.length; at += AT_ONCE) {
    const part = unknown.slice(at, at + AT_ONCE)
    const found = await Promise.all(
      part.map(
        async (blob) =>
          await findArrived(context, { ...blob, tenantId: who.tenantId, scope: scope.name }),
      ),
    )
    arrived.push(...found.filter((object) => object !== undefined))
  }
  if (arrived.length > 0) await settleObjects(context, who, { scope, objects: arrived })
  const names = unknown.map(({ name }) => name)
  const settled = await findKnownBlobs(context, who, names)
  return names.filter((name) => !settled.has(name))
}

interface AwaitedBlob extends UploadRequest {
  readonly tenantId: string
  readonly scope: string
}

async function findArrived(
  { database, objects }: EngineContext,
  { tenantId, scope, name, sizeBytes, sha256 }: AwaitedBlob,
): Promise<ReservedObject | undefined> {
  if (sha256 === undefined) return undefined
  const row = await database
    .selectFrom('loose_objects')
    .select('object_key')
    .where('tenant_id', '=', tenantId)
    .where('scope', '=', scope)
    .where('name', '=', name)
    .where('sha256', '=', sha256)
    .where('size_bytes', '=', sizeBytes)
    .where('is_counted', '=', 1)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const head = await objects.head(row.object_key)
  if (head?.sizeBytes !== sizeBytes) return undefined
  return { name, sizeBytes, sha256, objectKey: row.object_key }
}

/** As `Engine.signDownload`. */
export async function signDownload(
  context: EngineContext,
  who: Principal,
  name: BlobName,
): Promise<SignedRequest | undefined> {
  authorize(who, 'blobs:read')
  const { objects, isDirect, times } = context
  if (!isDirect || objects.signer === undefined) return undefined
  const blob = (await findKnownBlobs(context, who, [name])).get(name)
  if (blob === undefined) return undefined
  return await objects.signer.signGet(blob.objectKey, times.signatureMs / 1_000)
}
