import { TaskVaultError } from '../../errors.ts'
import { detectPlatform } from '../../platform/detect-platform.ts'
import { fetchIdToken } from '../../remote/github/fetch-id-token.ts'
import type { HttpClient } from '../../remote/http/http-client.ts'

export interface TokenQuest {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Of the server; ID tokens are made out to it. */
  readonly url: string
  readonly http: HttpClient
  readonly signal: AbortSignal | undefined
}

/**
 * What says to a server who we are: TASKVAULT_TOKEN, else the CI job's ID token; undefined without any.
 * @throws {TaskVaultError} REMOTE_REFUSED for a key that no server has made.
 */
export async function findToken({
  env,
  url,
  http,
  signal,
}: TokenQuest): Promise<string | undefined> {
  // Secrets come out of files and forms with line ends around them, which no header can hold.
  const key = env['TASKVAULT_TOKEN']?.trim() ?? ''
  if (key !== '') return checkKey(key)
  const { token } = detectPlatform(env)
  if (token?.kind !== 'request') return token?.value
  const audience = url.replace(/\/+$/, '')
  return await fetchIdToken(http, { ...token, audience }, signal && { signal })
}

function checkKey(key: string): string {
  if (/^[\x21-\x7e]+$/.test(key)) return key
  throw new TaskVaultError(
    'REMOTE_REFUSED',
    'TASKVAULT_TOKEN contains characters that no API key has',
    {
      hint: 'Set it to an API key and nothing else; an administrator creates keys with `taskvault keys create`.',
    },
  )
}

/** What the CI system calls the job, so that a server knows its commands for one; undefined elsewhere. */
export function findJob(env: TokenQuest['env']): string | undefined {
  const { platform, runId, jobId } = detectPlatform(env)
  const name = [platform, runId, jobId].filter((part) => part !== undefined).join(' ')
  return runId === undefined && jobId === undefined ? undefined : name.slice(0, 300)
}
