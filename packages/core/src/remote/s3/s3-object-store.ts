import type { ByteStream, CallOptions } from '../blob-store.ts'
import { nonsense } from '../failures.ts'
import type { HttpAnswer, HttpClient } from '../http/http-client.ts'
import { expectedObject } from '../objects/expected-object.ts'
import { dropped, noPieces, outside } from '../objects/object-answers.ts'
import { checkObjectKey, checkObjectPrefix, isKeySegment } from '../objects/object-key.ts'
import type {
  ListedObject,
  ObjectContent,
  ObjectSigner,
  ObjectStore,
} from '../objects/object-store.ts'
import { wholePieces } from '../whole-pieces.ts'
import { verifiedPieces } from '../wrappers/verified-pieces.ts'
import type { S3Credentials } from './s3-credentials.ts'
import { explainAnswer } from './s3-failures.ts'
import { parseS3List } from './s3-listing.ts'
import type { S3Location } from './s3-location.ts'
import { createS3Signer } from './s3-requests.ts'
import type { S3Request, S3Signer } from './s3-requests.ts'

export interface S3Options {
  readonly location: S3Location
  readonly credentials: S3Credentials
  /** The caller's to dispose. */
  readonly http: HttpClient
}

/** For bytes whose digest nobody has computed: the bucket checks their number only. */
const UNSIGNED = 'UNSIGNED-PAYLOAD'

/**
 * Objects in a bucket. What is written is written once: `If-None-Match: *` goes with every upload, and
 * its digest is signed where it is known, so that the bucket refuses other bytes.
 */
export function createS3ObjectStore(options: S3Options): ObjectStore {
  const signer = createS3Signer(options.location, options.credentials)
  const bucket: Bucket = { ...options, signer }
  return {
    signer: createSigner(signer),
    head: async (key, call) => await head(bucket, key, call),
    async get(key, call) {
      checkObjectKey(key)
      const range = call?.range
      if (range !== undefined && range.start === range.end)
        return (await head(bucket, key, call)) === undefined ? undefined : noPieces()
      const headers = range === undefined ? {} : { range: `bytes=${range.start}-${range.end - 1}` }
      const answer = await send(bucket, { method: 'GET', key, headers }, call)
      const wantedStatus = range === undefined ? 200 : 206
      if (answer.status === 404) return await dropped(answer)
      if (answer.status === 416) throw await outside(answer, key)
      if (answer.status !== wantedStatus) throw await explainAnswer(answer, `read ${key}`)
      const sizeBytes = readSize(answer, key)
      if (range !== undefined && sizeBytes !== range.end - range.start)
        throw await outside(answer, key)
      return wholePieces(answer.body, sizeBytes)
    },
    async putIfAbsent(key, content, call) {
      checkObjectKey(key)
      const answer = await put(bucket, { key, content }, call)
      if (answer.status === 412) return (await dropped(answer)) ?? false
      if (answer.status !== 200 && answer.status !== 201)
        throw await explainAnswer(answer, `write ${key}`)
      await answer.drop()
      return true
    },
    async delete(key, call) {
      checkObjectKey(key)
      const answer = await send(bucket, { method: 'DELETE', key }, call)
      if (![200, 204, 404].includes(answer.status))
        throw await explainAnswer(answer, `remove ${key}`)
      await answer.drop()
    },
    list: (prefix, call) => listBucket(bucket, prefix, call),
  }
}

interface Bucket extends S3Options {
  readonly signer: S3Signer
}

async function send(
  { http, signer }: Bucket,
  request: S3Request & { readonly body?: ByteStream },
  call: CallOptions | undefined,
): Promise<HttpAnswer> {
  const { body, ...unsigned } = request
  const { url, headers } = await signer.sign(unsigned)
  const { method } = request
  const { signal } = call ?? {}
  return await http.send({ method, url, headers, signal, ...(body !== undefined && { body }) })
}

async function head(
  bucket: Bucket,
  key: string,
  call: CallOptions | undefined,
): Promise<{ readonly sizeBytes: number } | undefined> {
  checkObjectKey(key)
  const answer = await send(bucket, { method: 'HEAD', key }, call)
  await answer.drop()
  if (answer.status === 404) return undefined
  if (answer.status !== 200) throw await explainAnswer(answer, `look at ${key}`)
  return { sizeBytes: readSize(answer, key) }
}

async function put(
  bucket: Bucket,
  { key, content }: { readonly key: string; readonly content: ObjectContent },
  call: CallOptions | undefined,
): Promise<HttpAnswer> {
  const { sizeBytes, sha256: digest } = content
  const headers = {
    'if-none-match': '*',
    'content-length': String(sizeBytes),
    'content-type': 'application/octet-stream',
    'x-amz-content-sha256': digest ?? UNSIGNED,
  }
  const body = verifiedPieces(content.open(), expectedObject(key, content))
  return await send(bucket, { method: 'PUT', key, headers, body }, call)
}

async function* listBucket(
  bucket: Bucket,
  prefix: string,
  call: CallOptions | undefined,
): AsyncGenerator<ListedObject, void> {
  checkObjectPrefix(prefix)
  const { prefix: above } = bucket.location
  let token: string | undefined
  do {
    const query = {
      'list-type': '2',
      prefix: above + prefix,
      ...(token !== undefined && { 'continuation-token': token }),
    }
    const answer = await send(bucket, { method: 'GET', query }, call)
    if (answer.status !== 200) throw await explainAnswer(answer, 'list the bucket')
    const page = parseS3List(await answer.text(), above)
    yield* page.objects.filter(({ key }) => key.split('/').every(isKeySegment))
    token = page.next
  } while (token !== undefined)
}

function createSigner(signer: S3Signer): ObjectSigner {
  return {
    async signGet(key, expiresInSeconds) {
      checkObjectKey(key)
      return await signer.presign({ method: 'GET', key }, expiresInSeconds)
    },
    async signPut(key, content, expiresInSeconds) {
      checkObjectKey(key)
      // The size as well: what is not signed can be larger than what was announced, and counted.
      const headers = {
        'content-length': String(content.sizeBytes),
        'if-none-match': '*',
        'x-amz-content-sha256': content.sha256,
      }
      return await signer.presign({ method: 'PUT', key, headers }, expiresInSeconds)
    },
  }
}

function readSize(answer: HttpAnswer, key: string): number {
  const sizeBytes = Number(answer.headers['content-length'] ?? Number.NaN)
  if (Number.isSafeInteger(sizeBytes)) return sizeBytes
  throw nonsense(`The bucket did not say how large ${key} is`)
}
