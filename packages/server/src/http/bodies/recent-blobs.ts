import type { BlobName } from '@taskvault/core'
import type { Principal } from '../../trust/principal.ts'
import { blobHeaders } from './send-blob.ts'

/** A small blob that was just sent to somebody, ready to be sent again. */
export interface RecentBlob {
  readonly bytes: Buffer
  /** As `writeHead` takes them: names and values in turn. */
  readonly headers: readonly string[]
}

/**
 * Small blobs that were asked for lately. All jobs of a pipeline ask for the same ones, and finding
 * out anew who may have them, and where they lie, costs many times what sending them does.
 */
export interface RecentBlobs {
  /** Undefined unless this very principal, as it was looked up, has been given the blob before. */
  find(who: Principal, name: BlobName): RecentBlob | undefined
  /** `bytes` are the whole blob, and `who` may have it. What is too large is not kept. */
  keep(who: Principal, name: BlobName, bytes: Buffer): void
  isSmall(sizeBytes: number): boolean
  /** What is kept of a blob may be as damaged as that is. */
  forget(who: Principal, name: BlobName): void
}

const LARGEST_BYTES = 2 * 1024 ** 2
const ALL_BYTES = 32 * 1024 ** 2

/**
 * What a principal may see is forgotten with the object that stands for it, which lives as long as
 * the principal is remembered: seconds. Bytes never change; each tenant has its own.
 */
export function createRecentBlobs(): RecentBlobs {
  const blobs = new Map<string, RecentBlob>()
  const visible = new WeakMap<Principal, Map<BlobName, string>>()
  let heldBytes = 0

  function makeRoom(): void {
    // A map gives its entries in the order in which they came: those first that nobody used for longest.
    for (const [key, { bytes }] of blobs) {
      if (heldBytes <= ALL_BYTES) return
      blobs.delete(key)
      heldBytes -= bytes.byteLength
    }
  }

  return {
    isSmall: (sizeBytes) => sizeBytes <= LARGEST_BYTES,
    find: (who, name) => {
      const key = visible.get(who)?.get(name)
      const blob = key === undefined ? undefined : blobs.get(key)
      if (key === undefined || blob === undefined) return undefined
      blobs.delete(key)
      blobs.set(key, blob)
      return blob
    },
    keep: (who, name, bytes) => {
      if (bytes.byteLength > LARGEST_BYTES) return
      const key = keyOf(who, name)
      const names = visible.get(who) ?? new Map<BlobName, string>()
      visible.set(who, names.set(name, key))
      heldBytes += bytes.byteLength - (blobs.get(key)?.bytes.byteLength ?? 0)
      blobs.set(key, { bytes, headers: flatHeaders(name, bytes.byteLength) })
      makeRoom()
    },
    forget(who, name) {
      const key = keyOf(who, name)
      heldBytes -= blobs.get(key)?.bytes.byteLength ?? 0
      blobs.delete(key)
    },
  }
}

function keyOf({ tenantId }: Principal, name: BlobName): string {
  return `${tenantId} ${name}`
}

function flatHeaders(name: BlobName, sizeBytes: number): readonly string[] {
  const headers = { ...blobHeaders(name), 'content-length': sizeBytes }
  return Object.entries(headers).flatMap(([key, value]) => [key, String(value)])
}
