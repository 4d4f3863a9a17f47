import { setTimeout as delay } from 'node:timers/promises'
import type { ByteStream, CallOptions } from '../blob-store.ts'
import { nonsense } from '../failures.ts'
import type { HttpAnswer, HttpClient } from '../http/http-client.ts'
import { expectedObject } from '../objects/expected-object.ts'
import { dropped, noPieces, outside } from '../objects/object-answers.ts'
import { checkObjectKey, checkObjectPrefix } from '../objects/object-key.ts'
import type {
  BlobObjects,
  EntryObjects,
  ListedObject,
  ObjectContent,
  ObjectStore,
} from '../objects/object-store.ts'
import { wholePieces } from '../whole-pieces.ts'
import { verifiedPieces } from '../wrappers/verified-pieces.ts'
import { explainGithubAnswer } from './github-failures.ts'
import type { GithubService, PendingArchive } from './github-service.ts'
import { createGenerations, generationName } from './object-generations.ts'
import type { Generation, Generations } from './object-generations.ts'

export interface GithubObjectStoreOptions {
  readonly service: GithubService
  /** The caller's to dispose. */
  readonly http: HttpClient
}

/** Of the record of an entry, with what it carries. */
const SMALL_BYTES = 2 * 1024 * 1024
/** How long what is small may take to be sent when the store is closed. */
const LAST_MS = 1_000
/** The service takes no archives without bytes for granted; one is enough to say that something is gone. */
const TOMBSTONE = Buffer.from('-')

/**
 * Objects as archives of GitHub's cache service, which removes nothing when it is asked to: an object is
 * the newest of its generations, `<key>@0`, `<key>@1`, …, and removing one writes a generation that says so.
 *
 * Unlike other drivers, `list` knows the newest match only: the service has no lists. Of two jobs that
 * send the same object at once, the second is told false before the first one's is there.
 *
 * Disposing lets small uploads end that have begun: nobody else could send an object of that key for hours.
 */
export function createGithubObjectStore(
  options: GithubObjectStoreOptions,
): EntryObjects & BlobObjects & AsyncDisposable {
  const shelf: Shelf = {
    ...options,
    failed: new Map(),
    absent: new Set(),
    small: new Set(),
    generations: createGenerations(options.service),
  }
  return {
    signer: undefined,
    async head(key, call) {
      const newest = await findNewest(shelf, key, call)
      if (newest === undefined) shelf.absent.add(key)
      return newest === undefined || newest.isRemoved ? undefined : {}
    },
    get: async (key, call) => await get(shelf, key, call),
    putIfAbsent: async (key, content, call) => await putIfAbsent(shelf, { key, content }, call),
    async delete(key, call) {
      const found = await findStanding(shelf, key, call)
      if (found === undefined) return
      const name = generationName(key, `${found.generation + 1}-removed`)
      await upload(shelf, { name, content: contentOf(TOMBSTONE) }, call)
    },
    list: (prefix, call) => listNewest(shelf, prefix, call),
    async [Symbol.asyncDispose]() {
      if (shelf.small.size === 0) return
      const late = delay(LAST_MS, undefined, { ref: false })
      await Promise.race([Promise.allSettled(shelf.small), late])
    },
  }
}

interface Shelf extends GithubObjectStoreOptions {
  /** Uploads that have failed, by name: nobody is given another one for the same name. */
  readonly failed: Map<string, PendingArchive>
  /** Keys that had no generation when they were looked for. Sending one, nobody asks again: the service lets one have it. */
  readonly absent: Set<string>
  /** Small uploads under way. */
  readonly small: Set<Promise<boolean>>
  readonly generations: Generations
}

async function findNewest(
  { generations }: Shelf,
  key: string,
  call: CallOptions | undefined,
): Promise<Generation | undefined> {
  checkObjectKey(key)
  return await generations.find(generationName(key, ''), call)
}

async function findStanding(
  shelf: Shelf,
  key: string,
  call: CallOptions | undefined,
): Promise<Generation | undefined> {
  const found = await findNewest(shelf, key, call)
  return found?.isRemoved === true ? undefined : found
}

async function get(
  shelf: Shelf,
  key: string,
  call: Parameters<ObjectStore['get']>[1],
): Promise<ByteStream | undefined> {
  checkObjectKey(key)
  const found = await shelf.generations.findForReading(key, call)
  if (found === undefined || found.isRemoved) return undefined
  const range = call?.range
  if (range !== undefined && range.start === range.end) return noPieces()
  const { url } = found
  const headers = range === undefined ? {} : { range: `bytes=${range.start}-${range.end - 1}` }
  const answer = await shelf.http.send({ method: 'GET', url, headers, signal: call?.signal })
  // Whoever asks again is told another address, should this one have ended.
  if (answer.status >= 300) shelf.generations.forget()
  if (answer.status === 404) return await dropped(answer)
  if (answer.status === 416) throw await outside(answer, key)
  const isWhole = range === undefined || range.start === 0
  if (answer.status !== 206 && !(isWhole && answer.status === 200))
    throw await explainGithubAnswer(answer, 'read an object')
  const sizeBytes = readSize(answer)
  if (range !== undefined && sizeBytes !== range.end - range.start) throw await outside(answer, key)
  return wholePieces(answer.body, sizeBytes)
}

async function putIfAbsent(
  shelf: Shelf,
  { key, content }: { readonly key: string; readonly content: ObjectContent },
  call: CallOptions | undefined,
): Promise<boolean> {
  const newest = shelf.absent.delete(key) ? undefined : await findNewest(shelf, key, call)
  if (newest !== undefined && !newest.isRemoved) return false
  const name = generationName(key, String(newest === undefined ? 0 : newest.generation + 1))
  const open = (): ByteStream => verifiedPieces(content.open(), expectedObject(key, content))
  return await upload(shelf, { name, content: { ...content, open } }, call)
}

/** @returns false when it is there, or on its way, from somebody else. */
async function upload(shelf: Shelf, what: Upload, call: CallOptions | undefined): Promise<boolean> {
  const uploading = createAndSend(shelf, what, call).finally(() => shelf.generations.forget())
  if (what.content.sizeBytes > SMALL_BYTES) return await uploading
  shelf.small.add(uploading)
  try {
    return await uploading
  } finally {
    shelf.small.delete(uploading)
  }
}

async function createAndSend(
  shelf: Shelf,
  { name, content }: Upload,
  call: CallOptions | undefined,
): Promise<boolean> {
  const { service, failed } = shelf
  const pending = failed.get(name) ?? (await service.create(name, call))
  if (pending === undefined) return false
  failed.delete(name)
  try {
    await pending.send(content, call)
    return await pending.finish(content.sizeBytes, call)
  } catch (error) {
    failed.set(name, pending)
    throw error
  }
}

interface Upload {
  readonly name: string
  readonly content: ObjectContent
}

async function* listNewest(
  shelf: Shelf,
  prefix: string,
  call: CallOptions | undefined,
): AsyncGenerator<Omit<ListedObject, 'sizeBytes'>, void> {
  checkObjectPrefix(prefix)
  const found = await shelf.generations.findNewest(prefix, call)
  if (found === undefined || found.isRemoved) return
  // When it came is not told; it is the only one, so nothing is put in a wrong order.
  yield { key: found.objectKey, modifiedAtMs: 0 }
}

function readSize({ headers }: HttpAnswer): number {
  const sizeBytes = Number(headers['content-length'] ?? Number.NaN)
  if (Number.isSafeInteger(sizeBytes)) return sizeBytes
  throw nonsense('GitHub did not say how large an object is')
}

function contentOf(bytes: Uint8Array): ObjectContent {
  async function* open(): AsyncGenerator<Uint8Array, void> {
    yield bytes
  }
  return { sizeBytes: bytes.length, open }
}
