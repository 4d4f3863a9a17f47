import { isTaskVaultError } from '@taskvault/core'
import { onTestFinished } from 'vitest'
import type { OpenDatabase } from '../../database/open-database.ts'
import { createRestoreLog } from '../../engine/restore-log.ts'
import type { RestoreLog } from '../../engine/restore-log.ts'
import type { DatabaseMaker } from '../../testing/temporary-database.ts'
import { createAuthenticator } from '../authenticator.ts'
import type { Authenticator } from '../authenticator.ts'
import type { Credentials } from '../credentials.ts'
import type { TrustSettings } from '../trust-settings.ts'
import { NO_ISSUERS } from './no-issuers.ts'
import { githubClaims, gitlabClaims, issuerOf } from './sample-claims.ts'
import { startTokenIssuer } from './token-issuer.ts'
import type { TokenIssuer } from './token-issuer.ts'

export interface TrustScene {
  readonly authenticator: Authenticator
  /** The same tables, as another server of them sees them. */
  readonly other: Authenticator
  readonly restores: RestoreLog
  readonly opened: OpenDatabase
  readonly github: TokenIssuer
  readonly gitlab: TokenIssuer
  wait(ms: number): void
}

export function bearer(token: string, remoteAddress = '127.0.0.1'): Credentials {
  return { authorization: `Bearer ${token}`, certificate: undefined, remoteAddress }
}

/** What a refusal is called; undefined: it was none. */
export async function refusalOf(answer: Promise<unknown>): Promise<string | undefined> {
  try {
    await answer
    return undefined
  } catch (error) {
    if (isTaskVaultError(error)) return error.code
    throw error
  }
}

/** Issuers on real sockets, and two servers over the same tables. */
export async function openTrustScene(
  maker: DatabaseMaker,
  changes: Partial<TrustSettings> = {},
): Promise<TrustScene> {
  let nowMs = 1_800_000_000_000
  const now = (): number => nowMs
  const issuers = { github: issuerOf('github'), gitlab: issuerOf('gitlab') }
  const start = async (of: 'github' | 'gitlab', claims: object): Promise<TokenIssuer> => {
    const { issuer: iss, audience: aud } = issuers[of]
    const started = await startTokenIssuer({ now, defaults: { iss, aud, ...claims } })
    onTestFinished(async () => await started[Symbol.asyncDispose]())
    return started
  }
  const github = await start('github', githubClaims())
  const gitlab = await start('gitlab', gitlabClaims())
  const admits = [
    { tenant: 'default', project: '74' },
    { tenant: 'nobody', project: '76' },
  ]
  const settings: TrustSettings = {
    ...NO_ISSUERS,
    issuers: [
      issuerOf('github', { jwksUrl: github.jwksUrl, admits }),
      issuerOf('github-runtime', { id: 'runner', jwksUrl: github.jwksUrl }),
      issuerOf('gitlab', { jwksUrl: gitlab.jwksUrl }),
    ],
    ...changes,
  }
  const opened = await maker.open()
  const create = (): Authenticator =>
    createAuthenticator({ database: opened.database, settings, now })
  return {
    authenticator: create(),
    other: create(),
    restores: createRestoreLog(opened.quick),
    opened,
    github,
    gitlab,
    wait: (ms) => {
      nowMs += ms
    },
  }
}
