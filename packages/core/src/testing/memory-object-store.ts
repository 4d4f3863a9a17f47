import type { ByteStream, CallOptions } from '../remote/blob-store.ts'
import { nonsense } from '../remote/failures.ts'
import { expectedObject } from '../remote/objects/expected-object.ts'
import { checkObjectKey, checkObjectPrefix } from '../remote/objects/object-key.ts'
import type { ListedObject, ObjectContent, ObjectStore } from '../remote/objects/object-store.ts'
import { verifiedPieces } from '../remote/wrappers/verified-pieces.ts'

interface StoredObject {
  readonly bytes: Buffer
  readonly modifiedAtMs: number
}

/** Stores objects in memory, until the process ends. */
export function createMemoryObjectStore(now: () => number = Date.now): ObjectStore {
  const objects = new Map<string, StoredObject>()
  const look = (key: string, signal: AbortSignal | undefined): StoredObject | undefined => {
    checkObjectKey(key)
    signal?.throwIfAborted()
    return objects.get(key)
  }
  return {
    signer: undefined,
    async head(key, options) {
      const found = look(key, options?.signal)
      return found === undefined ? undefined : { sizeBytes: found.bytes.length }
    },
    async get(key, options) {
      const found = look(key, options?.signal)
      if (found === undefined) return undefined
      const { start, end } = options?.range ?? { start: 0, end: found.bytes.length }
      if (end > found.bytes.length || start > end)
        throw nonsense(`Object ${key} has fewer bytes than requested`)
      return piecesOf(found.bytes.subarray(start, end))
    },
    async putIfAbsent(key, content, options) {
      if (look(key, options?.signal) !== undefined) return false
      const bytes = await collect(key, content)
      // Somebody may have been quicker.
      if (objects.has(key)) return false
      objects.set(key, { bytes, modifiedAtMs: now() })
      return true
    },
    async delete(key, options) {
      look(key, options?.signal)
      objects.delete(key)
    },
    list: (prefix, options) => listObjects(objects, prefix, options),
  }
}

async function* piecesOf(bytes: Buffer): AsyncGenerator<Uint8Array, void> {
  if (bytes.length > 0) yield bytes
}

async function collect(key: string, content: ObjectContent): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  const stream: ByteStream = verifiedPieces(content.open(), expectedObject(key, content))
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces)
}

async function* listObjects(
  objects: ReadonlyMap<string, StoredObject>,
  prefix: string,
  options: CallOptions | undefined,
): AsyncGenerator<ListedObject, void> {
  checkObjectPrefix(prefix)
  options?.signal?.throwIfAborted()
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix)).toSorted()
  for (const key of keys) {
    const { bytes, modifiedAtMs } = objects.get(key) ?? {}
    if (bytes !== undefined && modifiedAtMs !== undefined)
      yield { key, sizeBytes: bytes.length, modifiedAtMs }
  }
}
