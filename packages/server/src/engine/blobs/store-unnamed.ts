import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { TaskVaultError, asTaskVaultError, ensureDirectory, parseBlobName } from '@taskvault/core'
import type { ByteStream } from '@taskvault/core'
import type { Principal, Scope } from '../../trust/principal.ts'
import type { EngineContext } from '../engine-context.ts'
import type { BlobRow } from '../engine.ts'
import { scopeToWrite } from '../visible-scopes.ts'
import { abandonObject, reserveObjects } from './loose-objects.ts'
import { storeBlob } from './store-blob.ts'

const PREFIX = 'upload-'

/** As `Engine.storeUnnamed`: the bytes wait in a file until their end tells their name. */
export async function storeUnnamed(
  context: EngineContext,
  who: Principal,
  { bytes, limitBytes }: { readonly bytes: ByteStream; readonly limitBytes: number },
): Promise<BlobRow> {
  const scope = scopeToWrite(who, 'blobs:write')
  const mostBytes = Math.min(limitBytes, context.limits.blobBytes)
  const room = await takeRoom(context, who, { scope, sizeBytes: mostBytes })
  const path = join(context.temporaryDirectory, `${PREFIX}${randomBytes(12).toString('hex')}`)
  try {
    ensureDirectory(context.temporaryDirectory, 0o700)
    const blob = await writeDown(path, bytes, mostBytes)
    await room.giveBack()
    await storeBlob(context, who, { blob, bytes: readBack(path) })
    return blob
  } finally {
    await rm(path, { force: true })
    await room.giveBack()
  }
}

interface Room {
  /** Harmless the second time. */
  giveBack(): Promise<void>
}

/**
 * Counts bytes before the first of them is on the disk, or many senders at once would fill it without
 * regard to any limit. What they will be called is not known: they are reserved under a name of chance.
 * @throws {TaskVaultError} QUOTA_EXCEEDED
 */
async function takeRoom(
  context: EngineContext,
  who: Principal,
  { scope, sizeBytes }: { readonly scope: Scope; readonly sizeBytes: number },
): Promise<Room> {
  const name = parseBlobName(`sha256-${randomBytes(32).toString('hex')}`)
  const blobs = [{ name, sizeBytes, sha256: undefined }]
  const keepMs = context.times.uploadMs
  const [object] = await reserveObjects(context, who, { scope, blobs, keepMs })
  const { tenantId } = who
  const giveBack = async (): Promise<void> => {
    if (object !== undefined) await abandonObject(context, { tenantId, scope, ...object })
  }
  return { giveBack }
}

async function writeDown(path: string, bytes: ByteStream, limitBytes: number): Promise<BlobRow> {
  const hash = createHash('sha256')
  let sizeBytes = 0
  await using file = await open(path, 'wx', 0o600)
  for await (const piece of bytes) {
    sizeBytes += piece.length
    if (sizeBytes > limitBytes) throw tooLarge(limitBytes)
    hash.update(piece)
    await file.writeFile(piece).catch((error: unknown) => {
      throw asTaskVaultError(error, 'write an upload down')
    })
  }
  return { name: parseBlobName(`sha256-${hash.digest('hex')}`), sizeBytes }
}

/** Opened with the first piece: of bytes that are there already, nobody reads one. */
async function* readBack(path: string): ByteStream {
  yield* createReadStream(path)
}

/** What a process that was killed has left behind. */
export async function removeOldUploads(directory: string, olderThanMs: number): Promise<void> {
  const names = await readdir(directory).catch(() => [])
  for (const name of names.filter((each) => each.startsWith(PREFIX))) {
    const path = join(directory, name)
    const found = await stat(path).catch(() => undefined)
    if (found !== undefined && found.mtimeMs < olderThanMs) await rm(path, { force: true })
  }
}

function tooLarge(limitBytes: number): TaskVaultError {
  return new TaskVaultError('REQUEST_TOO_LARGE', `More than the ${limitBytes} bytes that are taken`)
}
