import type { CallOptions } from '../blob-store.ts'
import { nonsense } from '../failures.ts'
import type { HttpClient } from '../http/http-client.ts'
import { readJson } from '../http/native-connection.ts'
import { explainRefusal, readRefusal } from '../http/native-failures.ts'

/** Where a CI system gives its jobs ID tokens, and by what it knows the job. */
export interface IdTokenRequest {
  readonly url: string
  readonly bearer: string
  /** Whom the token is for; no other server accepts it. */
  readonly audience: string
}

/** Asks GitHub for the job's ID token. */
export async function fetchIdToken(
  http: HttpClient,
  { url, bearer, audience }: IdTokenRequest,
  { signal }: CallOptions = {},
): Promise<string> {
  const address = new URL(url)
  address.searchParams.set('audience', audience)
  const answer = await http.send({
    method: 'GET',
    url: address,
    headers: { authorization: `Bearer ${bearer}`, accept: 'application/json' },
    signal,
  })
  if (answer.status !== 200) throw explainRefusal(answer, await readRefusal(answer))
  const token = await readJson(answer)
  const value = typeof token === 'object' && token !== null && 'value' in token ? token.value : ''
  if (typeof value !== 'string' || !/^[\w.-]+$/.test(value))
    throw nonsense('The CI system answered without an ID token')
  return value
}
