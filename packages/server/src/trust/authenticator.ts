import { TaskVaultError, createAddressRanges } from '@taskvault/core'
import type { Database } from '../database/schema.ts'
import { createApiKeys, whyUnusable } from './api-keys.ts'
import type { ApiKeys } from './api-keys.ts'
import { principalOfCertificate } from './certificate-access.ts'
import { proofOf } from './credentials.ts'
import type { Credentials } from './credentials.ts'
import { checkIssuers } from './issuer-settings.ts'
import { readJob, tenantOf } from './job-of-token.ts'
import type { KeySetTimings } from './key-set.ts'
import { deriveAccess } from './model/derive-access.ts'
import { jobOfToken } from './model/job-of-claims.ts'
import { accessOfKey } from './model/key-access.ts'
import type { ApiKey } from './model/plan-key.ts'
import { DEFAULT_TRUST_POLICY } from './model/trust-policy.ts'
import { writerOfJob } from './model/writer-of-job.ts'
import type { Principal } from './principal.ts'
import { createSessions } from './sessions.ts'
import type { OpenedSession, SessionRequest } from './sessions.ts'
import { MOST_SESSION_MS } from './trust-settings.ts'
import type { TrustSettings } from './trust-settings.ts'
import { createTokenVerifier } from './verify-token.ts'
import type { VerifiedToken } from './verify-token.ts'

export interface AuthenticatorOptions {
  readonly database: Database
  readonly settings: TrustSettings
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly timings?: KeySetTimings
}

/** Tells who calls, from what they bring and nothing else. */
export interface Authenticator {
  readonly keys: ApiKeys
  /**
   * Whom a session's token, a key, a certificate, or a runner's own token is of.
   * @throws {TaskVaultError} UNAUTHENTICATED; FORBIDDEN from an address that a key may not be used from.
   */
  authenticate(credentials: Credentials): Promise<Principal>
  /** By a key, a certificate, or a CI job's token. @throws {TaskVaultError} as `authenticate`. */
  openSession(credentials: Credentials): Promise<OpenedSession>
  /** From now on its token is unknown, and the CI job's token that opened it is used up. */
  closeSession(principal: Principal): Promise<void>
}

/** @throws {TaskVaultError} CONFIG_INVALID for issuers that cannot be told apart. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { database, settings, now } = options
  checkIssuers(settings.issuers)
  const keys = createApiKeys(database, now)
  const sessions = createSessions(database, now)
  const tokens = createTokenVerifier({ ...options, issuers: settings.issuers })

  async function authenticate(credentials: Credentials): Promise<Principal> {
    const proof = proofOf(credentials)
    switch (proof.kind) {
      case 'session':
        return await principalOfSession(proof.text, credentials)
      case 'key':
        return principalOfKey(await requireKey(proof.text, credentials))
      case 'certificate':
        return principalOfCertificate(proof.certificate, settings.certificates, now())
      case 'token':
        return await principalOfRunner(proof.text)
    }
  }

  async function principalOfSession(text: string, credentials: Credentials): Promise<Principal> {
    const found = await sessions.find(text)
    if (found === undefined) throw unknown('The session is over, or never was')
    if (found.binding !== undefined && !bindingsOf(credentials).includes(found.binding)) {
      throw unknown('The session was opened from elsewhere')
    }
    if (!mayComeFrom(credentials.remoteAddress, found.addresses)) {
      throw unknown('The key that opened the session may not be used from this address')
    }
    return found.principal
  }

  async function requireKey(text: string, { remoteAddress }: Credentials): Promise<ApiKey> {
    const key = await keys.find(text)
    if (key === undefined) throw unknown('The key is nobody’s')
    const why = whyUnusable(key, now())
    if (why !== undefined) throw unknown(`The key ${key.name} does not work: ${why}`)
    if (mayComeFrom(remoteAddress, key.addresses)) return key
    throw new TaskVaultError('FORBIDDEN', `The key ${key.name} may not be used from this address`, {
      hint: 'Its addresses were named when it was made: `taskvault keys list`.',
    })
  }

  /** A runner sends its token with every request: the token is the session. */
  async function principalOfRunner(text: string): Promise<Principal> {
    const token = await tokens.verify(text)
    if (token.issuer.kind !== 'github-runtime') {
      throw new TaskVaultError('UNAUTHENTICATED', 'A CI job’s token opens a session, and no more', {
        hint: 'Send it to POST /v1/session, and what that answers with everything else.',
      })
    }
    const request = requestOfToken(token)
    const sessionId = await sessions.ensure({ ...request, expiresAtMs: token.expiresAtMs })
    return { ...request.principal, sessionId, expiresAtMs: token.expiresAtMs }
  }

  function requestOfToken(
    verified: VerifiedToken,
  ): SessionRequest & { readonly token: NonNullable<SessionRequest['token']> } {
    const { issuer, claims, tokenId, expiresAtMs } = verified
    const job = readJob(issuer, claims)
    const tenantId = tenantOf(issuer, job)
    const policy = { ...DEFAULT_TRUST_POLICY, ...settings.policies[tenantId] }
    const access = deriveAccess({ job, policy, issuerId: issuer.id, ceiling: issuer.ceiling })
    return {
      principal: {
        tenantId,
        ...access,
        writer: writerOfJob(issuer.issuer, claims),
        sessionId: undefined,
        expiresAtMs: undefined,
      },
      expiresAtMs: endOfSession(),
      job: jobOfToken(issuer.id, claims) ?? tokenId,
      token: { id: tokenId, expiresAtMs, uses: issuer.tokenUses },
    }
  }

  async function requestOf(credentials: Credentials): Promise<SessionRequest> {
    const proof = proofOf(credentials)
    const [certificateOrAddress] = bindingsOf(credentials)
    const isBound = settings.bindsSessions || credentials.certificate !== undefined
    const binding = isBound ? certificateOrAddress : undefined
    switch (proof.kind) {
      case 'session':
        throw unknown('A session opens no other')
      case 'key': {
        const key = await requireKey(proof.text, credentials)
        const expiresAtMs = Math.min(endOfSession(), key.expiresAtMs)
        const job = credentials.job === undefined ? undefined : `key ${key.id} ${credentials.job}`
        return { principal: principalOfKey(key), expiresAtMs, keyId: key.id, job, binding }
      }
      case 'certificate': {
        const principal = await authenticate(credentials)
        const expiresAtMs = Math.min(endOfSession(), principal.expiresAtMs ?? endOfSession())
        const { job, certificate } = credentials
        const name = `certificate ${certificate?.fingerprint256} ${job}`
        return { principal, expiresAtMs, binding, job: job === undefined ? undefined : name }
      }
      case 'token':
        return { ...requestOfToken(await tokens.verify(proof.text)), binding }
    }
  }

  function endOfSession(): number {
    return now() + Math.min(settings.sessionMs, MOST_SESSION_MS)
  }

  return {
    keys,
    authenticate,
    openSession: async (credentials) => await sessions.open(await requestOf(credentials)),
    closeSession: async ({ sessionId }) => {
      if (sessionId !== undefined) await sessions.close(sessionId)
    },
  }
}

function principalOfKey(key: ApiKey): Principal {
  return {
    tenantId: key.tenantId,
    ...accessOfKey(key),
    writer: { issuer: 'api-key', subject: key.name, claims: { key: key.id } },
    sessionId: undefined,
    expiresAtMs: key.expiresAtMs,
  }
}

/** What a session can be bound to, strongest first. */
function bindingsOf({ certificate, remoteAddress }: Credentials): readonly string[] {
  const address = `address ${remoteAddress}`
  return certificate === undefined
    ? [address]
    : [`certificate ${certificate.fingerprint256}`, address]
}

/** One answer, whatever it was that is not known: nobody learns what exists. */
function unknown(message: string): TaskVaultError {
  return new TaskVaultError('UNAUTHENTICATED', message, {
    hint: 'Check TASKVAULT_TOKEN; an administrator makes keys with `taskvault keys create`.',
  })
}

/** Whether somebody at an address may use a key, whose ranges name where it works; without any, anywhere. */
function mayComeFrom(address: string, ranges: readonly string[]): boolean {
  return ranges.length === 0 || createAddressRanges(ranges)(address)
}
