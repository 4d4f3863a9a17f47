import { hash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { TaskVaultError, blobNameOf, openHashAlgorithm, splitBlobName } from '@taskvault/core'
import type { BlobName, ByteStream, Digest } from '@taskvault/core'
import type { BlobRow, Engine, NewEntry, StoredEntry } from '../engine/engine.ts'
import type { Principal } from '../trust/principal.ts'

interface Tenant {
  readonly blobs: Map<BlobName, Buffer>
  readonly entries: Map<string, StoredEntry>
}

/**
 * An engine that keeps everything in this process: tenants are apart and blobs are verified; every
 * caller of a tenant may do everything in it, and nothing is evicted, quarantined or written down. For
 * tests of what is above an engine.
 */
export function createMemoryEngine(now: () => number = Date.now): Engine {
  const tenants = new Map<string, Tenant>()
  const of = ({ tenantId }: Principal): Tenant => {
    const tenant = tenants.get(tenantId) ?? { blobs: new Map(), entries: new Map() }
    tenants.set(tenantId, tenant)
    return tenant
  }
  const newestFirst = (who: Principal): StoredEntry[] => [...of(who).entries.values()].toReversed()
  const findWhere = (who: Principal, matches: (entry: StoredEntry) => boolean) =>
    newestFirst(who).find(matches)

  return {
    findMissing: async (who, names) => names.filter((name) => !of(who).blobs.has(name)),
    planUploads: async (who, blobs) =>
      blobs
        .filter(({ name }) => !of(who).blobs.has(name))
        .map(({ name, sizeBytes }) => ({ name, sizeBytes, direct: undefined })),
    confirmUploads: async (who, blobs) =>
      blobs.map(({ name }) => name).filter((name) => !of(who).blobs.has(name)),
    storeBlob: async (who, blob, bytes) => {
      const { blobs } = of(who)
      if (blobs.has(blob.name)) return false
      blobs.set(blob.name, await readVerified(blob, bytes))
      return true
    },
    storeUnnamed: async (who, bytes, limitBytes) => {
      const content = await buffer(bytes)
      if (content.byteLength > limitBytes) throw tooLarge(limitBytes)
      const digest = hash('sha256', content) as Digest
      const name = blobNameOf({ algorithm: 'sha256', digest })
      of(who).blobs.set(name, content)
      return { name, sizeBytes: content.byteLength }
    },
    signDownload: async () => undefined,
    openBlob: async (who, name, given = {}) => {
      const content = of(who).blobs.get(name)
      if (content === undefined) return undefined
      const range = { start: 0, end: content.byteLength, ...given }
      const bytes = inPieces(content.subarray(range.start, range.end))
      return { name, sizeBytes: content.byteLength, bytes, range }
    },
    headBlob: async (who, name) => {
      const content = of(who).blobs.get(name)
      return content && { name, sizeBytes: content.byteLength }
    },
    // What is in memory was verified, and nobody changes it.
    checkBlob: async () => undefined,
    publish: async (who, entry) => {
      const names = entry.blobs.map(({ name }) => name).filter((name) => !of(who).blobs.has(name))
      if (names.length > 0) return { kind: 'blobs-missing', names }
      const known = findWhere(who, (each) => isAt(each, entry))
      if (known !== undefined) {
        return { kind: 'known', entry: known, isSame: known.content === entry.content }
      }
      const stored = createEntry(entry, who, now())
      of(who).entries.set(stored.id, stored)
      return { kind: 'published', entry: stored }
    },
    find: async (who, place) => findWhere(who, (each) => isAt(each, place)),
    findByPrefix: async (who, { namespace, prefix }) =>
      findWhere(who, (each) => each.namespace === namespace && each.key.startsWith(prefix)),
    list: async (who, { namespace, namespacePrefix = '', keyPrefix = '', limit, after }) => {
      const all = newestFirst(who).filter(
        (each) =>
          (namespace ?? each.namespace) === each.namespace &&
          each.namespace.startsWith(namespacePrefix) &&
          each.key.startsWith(keyPrefix),
      )
      const start = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1
      return all.slice(start, start + limit)
    },
    show: async (who, id) => of(who).entries.get(id),
    remove: async (who, id) => of(who).entries.delete(id),
    invalidate: async (who, { namespace, keyPrefix = '' }) => {
      const gone = newestFirst(who).filter(
        (each) =>
          (namespace ?? each.namespace) === each.namespace && each.key.startsWith(keyPrefix),
      )
      for (const { id } of gone) of(who).entries.delete(id)
      return gone.length
    },
    stats: async (who) => ({
      entries: of(who).entries.size,
      entryBytes: newestFirst(who).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      storedBytes: [...of(who).blobs.values()].reduce((sum, { byteLength }) => sum + byteLength, 0),
      hits: 0,
      misses: 0,
      saves: of(who).entries.size,
      evictions: 0,
      savedMs: 0,
    }),
    why: async (who, id) => {
      const entry = of(who).entries.get(id)
      return entry && { entry, restored: [] }
    },
    quarantine: async (who, id) => (of(who).entries.delete(id) ? [id] : []),
    checkHealth: async () => {},
    [Symbol.asyncDispose]: async () => tenants.clear(),
  }
}

function isAt(entry: StoredEntry, place: Pick<NewEntry, 'namespace' | 'key'>): boolean {
  return entry.namespace === place.namespace && entry.key === place.key
}

function createEntry(entry: NewEntry, { writes, writer }: Principal, nowMs: number): StoredEntry {
  return {
    ...entry,
    id: `e${Math.random().toString(36).slice(2)}`,
    scope: writes?.name ?? 'none',
    createdAtMs: nowMs,
    accessedAtMs: nowMs,
    hits: 0,
    writer,
    restored: [],
    signature: undefined,
    isQuarantined: false,
  }
}

async function readVerified({ name, sizeBytes }: BlobRow, bytes: ByteStream): Promise<Buffer> {
  const content = await buffer(bytes)
  const { algorithm, digest } = splitBlobName(name)
  const actual = (await openHashAlgorithm(algorithm)).hash(content).toString('hex')
  if (actual === digest && content.byteLength === sizeBytes) return content
  throw new TaskVaultError('BLOB_CORRUPT', `These are not the bytes of ${name}`)
}

function tooLarge(limitBytes: number): TaskVaultError {
  return new TaskVaultError('REQUEST_TOO_LARGE', `At most ${limitBytes} bytes can be sent at once`)
}

const PIECE_BYTES = 256 * 1024

async function* inPieces(content: Buffer): ByteStream {
  for (let start = 0; start < content.byteLength; start += PIECE_BYTES) {
    yield content.subarray(start, start + PIECE_BYTES)
  }
}
