import type { CallOptions } from '../blob-store.ts'
import { nonsense, unavailable } from '../failures.ts'
import { WriteDenied, explainGithubAnswer, writeDenied } from './github-failures.ts'
import type { GithubService, GithubServiceOptions } from './github-service.ts'
import { parseFields } from './parse-fields.ts'
import { sendBlob } from './send-blob.ts'

/** A job that may not write is told so in a refusal that begins so. */
const WRITE_DENIED = 'cache write denied:'
const METHODS = '/twirp/github.actions.results.api.v1.CacheService/'

/** The service's second protocol, of github.com. Of its address, the path does not count. */
export function createTwirpService(options: GithubServiceOptions): GithubService {
  const { version } = options
  const ask = async (method: string, body: Body, call: CallOptions | undefined): Promise<Answer> =>
    await send(options, { method, body: { ...body, version } }, call)
  return {
    async find([key, ...restoreKeys], call) {
      const body = { key, restore_keys: restoreKeys }
      const answer = await ask('GetCacheEntryDownloadURL', body, call)
      if (!answer.isOk) return undefined
      return { key: answer.text('matched_key'), url: answer.url('signed_download_url') }
    },
    async create(key, call) {
      const answer = await ask('CreateCacheEntry', { key }, call)
      if (answer.message.startsWith(WRITE_DENIED))
        throw writeDenied(new WriteDenied(answer.message))
      if (!answer.isOk) return undefined
      const url = answer.url('signed_upload_url')
      return {
        send: async (content, sending) => await sendBlob(options.http, { url, content }, sending),
        async finish(sizeBytes, finishing) {
          const body = { key, size_bytes: String(sizeBytes) }
          const finished = await ask('FinalizeCacheEntryUpload', body, finishing)
          if (!finished.isOk && !finished.isTaken)
            throw unavailable(`GitHub did not take what was sent: ${finished.message}`)
          return finished.isOk
        },
      }
    },
  }
}

type Body = Readonly<Record<string, unknown>>

interface Answer {
  readonly isOk: boolean
  readonly isTaken: boolean
  /** Why not, for people. */
  readonly message: string
  text(name: string): string
  url(name: string): URL
}

async function send(
  { url, token, http }: GithubServiceOptions,
  { method, body }: { readonly method: string; readonly body: Body },
  call: CallOptions | undefined,
): Promise<Answer> {
  const answer = await http.send({
    method: 'POST',
    url: new URL(METHODS + method, url),
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(body)),
    signal: call?.signal,
  })
  if (answer.status !== 200 && answer.status !== 409)
    throw await explainGithubAnswer(answer, `call ${method}`)
  return readAnswer(await answer.text(), answer.status)
}

function readAnswer(text: string, status: number): Answer {
  const fields = parseFields(text)
  // Both spellings are JSON for the same message.
  const read = (name: string): unknown =>
    fields[name] ?? fields[name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase())]
  const readText = (name: string): string => {
    const value = read(name)
    if (typeof value !== 'string') throw nonsense(`GitHub's cache service sent no ${name}`)
    return value
  }
  return {
    isOk: status === 200 && fields['ok'] === true,
    isTaken: status === 409,
    message: [fields['message'], fields['msg']].find((said) => typeof said === 'string') ?? '',
    text: readText,
    url(name) {
      const value = readText(name)
      if (!/^https?:/.test(value) || !URL.canParse(value))
        throw nonsense(`GitHub's cache service sent no address as ${name}`)
      return new URL(value)
    },
  }
}
