import { TaskVaultError } from '../../errors.ts'
import type { BlobName } from '../../model/blob-name.ts'
import type { NeededBlob } from '../../model/entry-record.ts'
import type {
  BlobContent,
  BlobStore,
  ByteStream,
  CallOptions,
  GetOptions,
  PutOutcome,
} from '../blob-store.ts'
import { createExpectedBlob } from '../expected-blob.ts'
import { nonsense } from '../failures.ts'
import { sha256OfContent } from '../sha256-of-content.ts'
import { wholePieces } from '../whole-pieces.ts'
import { verifiedPieces } from '../wrappers/verified-pieces.ts'
import type { HttpAnswer } from './http-client.ts'
import { parseMissingAnswer, parseUploadsAnswer } from './native-answers.ts'
import type { UploadAnswer } from './native-answers.ts'
import { readJson } from './native-connection.ts'
import type { NativeConnection } from './native-connection.ts'
import { explainRefusal, readRefusal } from './native-failures.ts'

/** Names in one question; the server takes no more. */
const NAMES_AT_ONCE = 10_000

/** Blobs of a TaskVault server, which may send its clients on to a bucket. */
export function createHttpBlobStore(connection: NativeConnection): BlobStore {
  return {
    async findMissing(names, options) {
      const wanted = [...new Set(names)]
      const missing = new Set<BlobName>()
      for (let at = 0; at < wanted.length; at += NAMES_AT_ONCE) {
        const asked = { names: wanted.slice(at, at + NAMES_AT_ONCE) }
        const answer = await post(connection, { path: 'v1/blobs/missing', json: asked, ...options })
        for (const name of parseMissingAnswer(answer)) missing.add(name)
      }
      options?.signal?.throwIfAborted()
      return wanted.filter((name) => missing.has(name))
    },
    put: async (content, options) => await putBlob(connection, content, options),
    get: async (name, options) => await getBlob(connection, name, options),
    check: async (blob, options) => await checkBlob(connection, blob, options),
  }
}

interface Question extends CallOptions {
  readonly path: string
  readonly json: unknown
}

async function post(connection: NativeConnection, question: Question): Promise<unknown> {
  const answer = await connection.send({ method: 'POST', ...question })
  if (answer.status !== 200) throw explainRefusal(answer, await readRefusal(answer))
  return await readJson(answer)
}

async function putBlob(
  connection: NativeConnection,
  content: BlobContent,
  options: CallOptions | undefined,
): Promise<PutOutcome> {
  options?.signal?.throwIfAborted()
  const session = await connection.session(options?.signal)
  if (content.sizeBytes > session.maxBlobBytes) throw tooLarge(content, session.maxBlobBytes)
  if (!session.isDirect) return await sendThrough(connection, content, options)
  const blob = {
    name: content.name,
    sizeBytes: content.sizeBytes,
    sha256: await sha256OfContent(content, options),
  }
  const json = { blobs: [blob] }
  const planned = await post(connection, { path: 'v1/blobs/uploads', json, ...options })
  const [upload] = parseUploadsAnswer(planned)
  if (upload === undefined) return 'known'
  if (upload.name !== content.name) throw nonsense('The server asked for a different blob')
  if (connection.resolve(upload.url).isServer)
    return await sendThrough(connection, content, options)
  const outcome = await sendDirect(connection, { upload, content }, options)
  const confirmed = await post(connection, { path: 'v1/blobs/confirm', json, ...options })
  if (parseMissingAnswer(confirmed).length > 0) throw nonsense('The bucket lost what it was sent')
  return outcome
}

async function sendThrough(
  connection: NativeConnection,
  content: BlobContent,
  options: CallOptions | undefined,
): Promise<PutOutcome> {
  const openExpected = await createExpectedBlob(content)
  const answer = await connection.send({
    method: 'PUT',
    path: `v1/blobs/${content.name}`,
    headers: {
      'content-type': 'application/octet-stream',
      'content-length': String(content.sizeBytes),
    },
    openBody: () => verifiedPieces(content.open(), openExpected()),
    ...options,
  })
  if (answer.status === 200 || answer.status === 201) {
    await answer.drop()
    return answer.status === 201 ? 'stored' : 'known'
  }
  const refusal = await readRefusal(answer)
  if (refusal.code === 'FORBIDDEN') return 'skipped'
  throw explainRefusal(answer, refusal)
}

interface DirectUpload {
  readonly upload: UploadAnswer
  readonly content: BlobContent
}

/** To a bucket, which gets no token of ours: the address itself is the permission. */
async function sendDirect(
  { http, resolve }: NativeConnection,
  { upload, content }: DirectUpload,
  options: CallOptions | undefined,
): Promise<PutOutcome> {
  const openExpected = await createExpectedBlob(content)
  const answer = await http.send({
    method: 'PUT',
    url: resolve(upload.url).url,
    headers: { ...upload.headers, 'content-length': String(content.sizeBytes) },
    body: verifiedPieces(content.open(), openExpected()),
    ...options,
  })
  if (answer.status === 412) {
    await answer.drop()
    return 'known'
  }
  if (answer.status !== 200 && answer.status !== 201) throw await explainBucket(answer)
  await answer.drop()
  return 'stored'
}

/** A server reads a large blob to its end even if nobody waits for it. */
const CHECK_MS = 1_500

/** Whoever may not write, or asks a server that does not know the question, leaves it at that. */
async function checkBlob(
  connection: NativeConnection,
  { name }: NeededBlob,
  { signal }: CallOptions = {},
): Promise<void> {
  const end = AbortSignal.timeout(CHECK_MS)
  const answer = await connection
    .send({
      method: 'POST',
      path: `v1/blobs/${name}/check`,
      signal: signal === undefined ? end : AbortSignal.any([signal, end]),
    })
    .catch((error: unknown) => {
      if (end.aborted && signal?.aborted !== true) return undefined
      throw error
    })
  if (answer === undefined) return
  if ([204, 403, 404].includes(answer.status)) await answer.drop()
  else throw explainRefusal(answer, await readRefusal(answer))
}

async function getBlob(
  connection: NativeConnection,
  name: BlobName,
  options: GetOptions | undefined,
): Promise<ByteStream | undefined> {
  const { range, signal } = options ?? {}
  const headers = range === undefined ? {} : { range: `bytes=${range.start}-${range.end - 1}` }
  const path = `v1/blobs/${name}`
  const first = await connection.send({ method: 'GET', path, headers, ...(signal && { signal }) })
  const answer = first.status === 307 ? await follow(connection, first, { headers, signal }) : first
  if (answer.status === 404) {
    await answer.drop()
    return undefined
  }
  if (answer.status !== 200 && answer.status !== 206) {
    if (answer !== first) throw await explainBucket(answer)
    throw explainRefusal(answer, await readRefusal(answer))
  }
  const sizeBytes = Number(answer.headers['content-length'] ?? Number.NaN)
  if (!Number.isSafeInteger(sizeBytes)) throw await sizeless(answer)
  if (range !== undefined && sizeBytes !== range.end - range.start) throw await sizeless(answer)
  return wholePieces(answer.body, sizeBytes)
}

interface Following {
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal | undefined
}

async function follow(
  { http, resolve }: NativeConnection,
  answer: HttpAnswer,
  following: Following,
): Promise<HttpAnswer> {
  await answer.drop()
  const { url } = resolve(answer.headers['location'] ?? '')
  return await http.send({ method: 'GET', url, ...following })
}

async function explainBucket(answer: HttpAnswer): Promise<TaskVaultError> {
  const { code } = await readRefusal(answer)
  return explainRefusal(answer, {
    code: code === '' ? 'the bucket' : code,
    message: '',
    hint: 'Check how the TaskVault server reaches its bucket.',
    fields: {},
  })
}

async function sizeless(answer: HttpAnswer): Promise<Error> {
  await answer.drop()
  return nonsense('The server sent a different number of bytes than requested')
}

function tooLarge({ name, sizeBytes }: BlobContent, maxBlobBytes: number): TaskVaultError {
  return new TaskVaultError(
    'REMOTE_REFUSED',
    `Blob ${name} has ${sizeBytes} bytes, but the server accepts at most ${maxBlobBytes}`,
    { hint: 'Ask whoever runs the server to allow more, or save less.' },
  )
}
