import { openGithubStores } from '../remote/github/github-stores.ts'
import { createHttpClient } from '../remote/http/http-client.ts'
import type { ConnectedStores } from './connect-stores.ts'

/** The stores over GitHub's cache service, which the runner's variables name, without any wrapper. */
export function connectGithubStores(env: Readonly<Record<string, string>>): ConnectedStores {
  const http = createHttpClient()
  return {
    ...openGithubStores({ env, http, now: Date.now }),
    [Symbol.asyncDispose]: async () => await http[Symbol.asyncDispose](),
  }
}
