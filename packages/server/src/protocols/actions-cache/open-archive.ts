import { TaskVaultError } from '@taskvault/core'
import type { ByteRange, ByteStream } from '@taskvault/core'
import type { BlobRow, Engine } from '../../engine/engine.ts'
import type { Principal } from '../../trust/principal.ts'

export interface WantedBytes {
  /** Their bytes, one after the other, are the archive's. */
  readonly blobs: readonly BlobRow[]
  /** Of the whole archive. */
  readonly range: ByteRange
}

/**
 * The bytes of an archive that lies in several blobs.
 * @throws {TaskVaultError} BLOB_MISSING when one of them is gone.
 */
export async function* openArchive(
  engine: Engine,
  who: Principal,
  { blobs, range }: WantedBytes,
): ByteStream {
  let start = 0
  for (const { name, sizeBytes } of blobs) {
    const from = Math.max(range.start - start, 0)
    const to = Math.min(range.end - start, sizeBytes)
    start += sizeBytes
    if (from >= to) continue
    const opened = await engine.openBlob(who, name, { start: from, end: to })
    if (opened === undefined) throw new TaskVaultError('BLOB_MISSING', `${name} is gone`)
    yield* opened.bytes
  }
}
