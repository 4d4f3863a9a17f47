import type { ByteRange, ByteStream, CallOptions } from '../blob-store.ts'

/** An object in a listing. */
export interface ListedObject {
  readonly key: string
  readonly sizeBytes: number
  /** Milliseconds since 1970, by the store's clock. */
  readonly modifiedAtMs: number
}

/** All that the objects of blobs have to be able to do. */
export type BlobObjects = Pick<ObjectStore, 'get' | 'head' | 'putIfAbsent' | 'delete' | 'signer'>

/** All that the objects of entries have to be able to do. */
export interface EntryObjects extends Pick<ObjectStore, 'get' | 'head' | 'putIfAbsent' | 'delete'> {
  /** Lists all objects whose key begins with `prefix`, in key order; some stores know the newest only. */
  list(prefix: string, options?: CallOptions): AsyncIterable<Omit<ListedObject, 'sizeBytes'>>
}

export interface ObjectContent {
  readonly sizeBytes: number
  /** SHA-256 of exactly the bytes to send, in hexadecimal, if known: the store then checks it. */
  readonly sha256?: string
  /** Returns the bytes from the start at each call. */
  open(): ByteStream
}

/** A request that someone else can make until it expires: method, URL, and headers to send. */
export interface SignedRequest {
  readonly method: 'GET' | 'PUT'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/**
 * A folder, or a bucket. What every driver promises:
 *
 * - Keys are `/`-separated segments of `[A-Za-z0-9._=-]`, none of them `.` or `..`; other keys are refused with
 *   ARGUMENT_INVALID before anything is touched.
 * - An object is there whole or not at all. `putIfAbsent` resolves when it is durable. Of many concurrent callers, exactly
 *   one gets true, and the object is that caller's.
 * - A missing object is undefined or false, never an exception.
 * - Failures are those of a BlobStore.
 */
export interface ObjectStore {
  /** Returns the size of an object too, if the store gives it without another request. */
  head(key: string, options?: CallOptions): Promise<{ readonly sizeBytes?: number } | undefined>
  get(
    key: string,
    options?: CallOptions & { readonly range?: ByteRange },
  ): Promise<ByteStream | undefined>
  /** Returns whether the object is new. Throws BLOB_CORRUPT if the bytes contradict `sizeBytes` or `sha256`. */
  putIfAbsent(key: string, content: ObjectContent, options?: CallOptions): Promise<boolean>
  delete(key: string, options?: CallOptions): Promise<void>
  /** Lists all objects whose key begins with `prefix`, in key order. */
  list(prefix: string, options?: CallOptions): AsyncIterable<ListedObject>
  /** Undefined for drivers whose objects have no URL, such as a folder. */
  readonly signer: ObjectSigner | undefined
}

/** Signs requests that others may send directly to the bucket. */
export interface ObjectSigner {
  signGet(key: string, expiresInSeconds: number): Promise<SignedRequest>
  /**
   * Signs a request that stores exactly the bytes with this SHA-256 and size, and only if the object does not exist. The
   * bucket refuses anything else.
   */
  signPut(
    key: string,
    content: { readonly sizeBytes: number; readonly sha256: string },
    expiresInSeconds: number,
  ): Promise<SignedRequest>
}
