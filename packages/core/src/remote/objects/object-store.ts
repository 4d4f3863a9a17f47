import type { ByteRange, ByteStream, CallOptions } from '../blob-store.ts'

/** An object's name and size, as a listing gives them. */
export interface ListedObject {
  readonly key: string
  readonly sizeBytes: number
  /** Milliseconds since 1970, by the store's clock. */
  readonly modifiedAtMs: number
}

export interface ObjectContent {
  readonly sizeBytes: number
  /** Of exactly the bytes that are sent, in hexadecimal, where it is known: the store then checks it. */
  readonly sha256?: string
  /** Starts over at each call. */
  open(): ByteStream
}

/** A request that somebody else can make, until it expires: method, address, and headers to send. */
export interface SignedRequest {
  readonly method: 'GET' | 'PUT'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/**
 * A folder, or a bucket. What every driver promises:
 *
 * - Keys are `/`-separated segments of `[A-Za-z0-9._=-]`, none of them `.` or `..`; anything else is
 *   refused with ARGUMENT_INVALID before anything is touched.
 * - An object is there whole or not at all. `putIfAbsent` resolves when it is durable; of many
 *   callers at once exactly one is told true, and the object is that one's.
 * - What is not there is undefined, or false, never an exception.
 * - Failures are those of a BlobStore.
 */
export interface ObjectStore {
  /** Of what is there, the size as far as the store tells it without being asked again. */
  head(key: string, options?: CallOptions): Promise<{ readonly sizeBytes?: number } | undefined>
  get(
    key: string,
    options?: CallOptions & { readonly range?: ByteRange },
  ): Promise<ByteStream | undefined>
  /** Whether it was not there before. Bytes that contradict `sizeBytes` or `sha256`: BLOB_CORRUPT. */
  putIfAbsent(key: string, content: ObjectContent, options?: CallOptions): Promise<boolean>
  delete(key: string, options?: CallOptions): Promise<void>
  /** All objects whose key begins with `prefix`, in the order of their keys. */
  list(prefix: string, options?: CallOptions): AsyncIterable<ListedObject>
  /** Undefined for drivers whose objects have no address of their own, such as a folder. */
  readonly signer: ObjectSigner | undefined
}

/** Makes requests that others may send straight to the bucket. */
export interface ObjectSigner {
  signGet(key: string, expiresInSeconds: number): Promise<SignedRequest>
  /**
   * The request stores exactly the bytes with this SHA-256 and size, only if nothing is there yet;
   * the bucket refuses all else.
   */
  signPut(
    key: string,
    content: { readonly sizeBytes: number; readonly sha256: string },
    expiresInSeconds: number,
  ): Promise<SignedRequest>
}
