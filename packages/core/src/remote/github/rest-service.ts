import type { CallOptions } from '../blob-store.ts'
import { nonsense, unavailable } from '../failures.ts'
import type { HttpAnswer, HttpRequest } from '../http/http-client.ts'
import { dropped } from '../objects/object-answers.ts'
import { splitPieces } from '../split-pieces.ts'
import { explainGithubAnswer } from './github-failures.ts'
import type { ArchiveContent, GithubService, GithubServiceOptions } from './github-service.ts'
import { parseFields } from './parse-fields.ts'

const RANGE_BYTES = 16 * 1024 ** 2

/** The service's first protocol, of GitHub Enterprise Server and of local runners. */
export function createRestService(options: GithubServiceOptions): GithubService {
  const { version } = options
  const ask = async (what: Asked, call: CallOptions | undefined): Promise<HttpAnswer> =>
    await send(options, what, call)
  return {
    // The addresses of some storages are signed for GET alone, and some runners know no HEAD.
    async find(keys, call) {
      const query = new URLSearchParams({ keys: keys.join(','), version })
      const answer = await ask({ method: 'GET', path: `cache?${query.toString()}` }, call)
      if (answer.status === 204) return await dropped(answer)
      if (answer.status !== 200) throw await explainGithubAnswer(answer, 'find an archive')
      const { cacheKey: key, archiveLocation: url } = parseFields(await answer.text())
      if (typeof key === 'string' && typeof url === 'string' && isAddress(url))
        return { key, url: new URL(url) }
      throw nonsense("GitHub's cache service sent no address of an archive")
    },
    async create(key, call) {
      const answer = await ask({ method: 'POST', path: 'caches', json: { key, version } }, call)
      if (answer.status === 409) return await dropped(answer)
      if (!isSuccess(answer)) throw await explainGithubAnswer(answer, 'begin an archive')
      const { cacheId: id } = parseFields(await answer.text())
      if (!Number.isSafeInteger(id)) throw nonsense("GitHub's cache service sent no number")
      const path = `caches/${String(id)}`
      return {
        async send(content, sending) {
          await sendRanges(content, async (range) => await ask({ ...range, path }, sending))
        },
        async finish(size, finishing) {
          const finished = await ask({ method: 'POST', path, json: { size } }, finishing)
          await finished.drop()
          if (finished.status === 409) return false
          if (isSuccess(finished)) return true
          throw unavailable(`GitHub did not take what was sent: it answered ${finished.status}`)
        },
      }
    },
  }
}

interface Asked extends Pick<HttpRequest, 'method' | 'headers' | 'body'> {
  readonly path: string
  readonly json?: unknown
}

async function send(
  { url, token, http }: GithubServiceOptions,
  { method, path, json, headers = {}, body }: Asked,
  call: CallOptions | undefined,
): Promise<HttpAnswer> {
  const base = url.endsWith('/') ? url : `${url}/`
  const sent = json === undefined ? body : Buffer.from(JSON.stringify(json))
  return await http.send({
    method,
    url: new URL(`_apis/artifactcache/${path}`, base),
    headers: {
      accept: 'application/json;api-version=6.0-preview.1',
      authorization: `Bearer ${token}`,
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(sent !== undefined && { body: sent }),
    signal: call?.signal,
  })
}

type Ranged = Pick<Asked, 'method' | 'headers' | 'body'>

/** One after the other: the bytes come in their order. */
async function sendRanges(
  content: ArchiveContent,
  sendRange: (range: Ranged) => Promise<HttpAnswer>,
): Promise<void> {
  const { sizeBytes } = content
  const parts = splitPieces(content.open())
  try {
    for (let start = 0; start < sizeBytes; start += RANGE_BYTES) {
      const end = Math.min(start + RANGE_BYTES, sizeBytes)
      const headers = {
        'content-type': 'application/octet-stream',
        'content-range': `bytes ${start}-${end - 1}/*`,
        'content-length': String(end - start),
      }
      const answer = await sendRange({ method: 'PATCH', headers, body: parts.take(end - start) })
      if (!isSuccess(answer)) throw await explainGithubAnswer(answer, 'send an archive')
      await answer.drop()
    }
    await parts.reachEnd()
  } finally {
    await parts.end()
  }
}

function isSuccess({ status }: HttpAnswer): boolean {
  return status >= 200 && status < 300
}

function isAddress(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text)
}
