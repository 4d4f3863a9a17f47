import { createHash } from 'node:crypto'
import { TaskVaultError, isTaskVaultError } from '@taskvault/core'
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from 'jose'
import type { JWTPayload } from 'jose'
import type { IssuerKind, IssuerSettings } from './issuer-settings.ts'
import { openKeySet } from './key-set.ts'
import type { KeySet, KeySetTimings } from './key-set.ts'
import type { Claims } from './model/claims.ts'

/** A token that a trusted issuer signed, for us, for now. */
export interface VerifiedToken {
  readonly issuer: IssuerSettings
  readonly claims: Claims
  /** Names the token: no two have the same. */
  readonly tokenId: string
  readonly expiresAtMs: number
}

export interface TokenVerifier {
  /** @throws {TaskVaultError} UNAUTHENTICATED when anything is wrong; REMOTE_UNAVAILABLE without keys. */
  verify(token: string): Promise<VerifiedToken>
}

export interface TokenVerifierOptions {
  readonly issuers: readonly IssuerSettings[]
  readonly now: () => number
  readonly timings?: KeySetTimings
}

/** Tokens of CI systems are some 2 KiB. */
const MOST_CHARACTERS = 16 * 1024

/** How long ago a token can have been made. Where a job has one for all its time, that is a job's time. */
const MOST_AGE: Readonly<Record<IssuerKind, string>> = {
  github: '15m',
  'github-runtime': '36h',
  gitlab: '24h',
  circleci: '65m',
  jenkins: '65m',
}

const CLOCK_TOLERANCE_SECONDS = 30

/*
 * Where a header says that the key is. A verifier that listens takes the attacker's key. Ours comes
 * from the settings, so an honest issuer has no use for these.
 */
const KEY_IN_HEADER = ['jku', 'jwk', 'x5u', 'x5c']

/** Verifies tokens of these issuers, and of nobody else. */
export function createTokenVerifier({
  issuers,
  now,
  timings,
}: TokenVerifierOptions): TokenVerifier {
  const keySets = new Map<string, KeySet>()

  function keySetOf({ jwksUrl }: IssuerSettings): KeySet {
    const known = keySets.get(jwksUrl)
    if (known !== undefined) return known
    const opened = openKeySet({ url: jwksUrl, now, ...(timings === undefined ? {} : { timings }) })
    keySets.set(jwksUrl, opened)
    return opened
  }

  return {
    verify: async (token) => {
      try {
        const candidates = findIssuers(token, issuers)
        return await verifyAsOneOf(token, candidates, async (issuer) => {
          const payload = await verifyWith(token, { issuer, keys: keySetOf(issuer), now })
          return asVerified(token, issuer, payload)
        })
      } catch (error) {
        throw asRefusal(error)
      }
    },
  }
}

/** Which of the settings' issuers a token claims to be from: compared exactly, as OpenID demands. */
function findIssuers(token: string, issuers: readonly IssuerSettings[]): readonly IssuerSettings[] {
  if (token.length > MOST_CHARACTERS) throw refusal('it is too long')
  const header = decodeProtectedHeader(token)
  const strange = KEY_IN_HEADER.find((name) => Object.hasOwn(header, name))
  if (strange !== undefined) throw refusal(`its header has the field ${strange}`)
  const { iss } = decodeJwt(token)
  const found = issuers.filter(({ issuer }) => issuer === iss)
  if (found.length === 0) throw refusal('its issuer is not one of this server’s')
  return found
}

/** GitHub signs two kinds of token under one name: the audience tells them apart. */
async function verifyAsOneOf(
  token: string,
  candidates: readonly IssuerSettings[],
  verify: (issuer: IssuerSettings) => Promise<VerifiedToken>,
): Promise<VerifiedToken> {
  const isRuntime = Object.hasOwn(decodeJwt(token), 'ac')
  const [issuer] = candidates.filter(({ kind }) => (kind === 'github-runtime') === isRuntime)
  if (issuer === undefined) throw refusal('this server takes no tokens of its kind from its issuer')
  return await verify(issuer)
}

interface VerifyWith {
  readonly issuer: IssuerSettings
  readonly keys: KeySet
  readonly now: () => number
}

async function verifyWith(
  token: string,
  { issuer, keys, now }: VerifyWith,
): Promise<JWTPayload & { readonly exp: number }> {
  const { payload } = await jwtVerify(
    token,
    async (header, jws) => await keys.findKey(header, jws),
    {
      algorithms: [...issuer.algorithms],
      issuer: issuer.issuer,
      ...(issuer.audience === undefined ? {} : { audience: issuer.audience }),
      typ: 'JWT',
      requiredClaims: ['exp', 'iat'],
      maxTokenAge: MOST_AGE[issuer.kind],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(now()),
    },
  )
  // One that is meant for somebody else, too, could be brought here by them.
  if (Array.isArray(payload.aud) && payload.aud.length !== 1) throw refusal('it has many audiences')
  if (payload.exp === undefined) throw refusal('it never expires')
  return { ...payload, exp: payload.exp }
}

/**
 * By `jti`, where the platform gives one. By what is signed otherwise, and not by the whole token:
 * a signature can be written in more than one way.
 */
function asVerified(
  token: string,
  issuer: IssuerSettings,
  payload: JWTPayload & { readonly exp: number },
): VerifiedToken {
  const needsId = issuer.kind === 'github' || issuer.kind === 'gitlab'
  const { jti } = payload
  if ((needsId && jti === undefined) || (jti !== undefined && typeof jti !== 'string')) {
    throw refusal('it has no `jti`')
  }
  if (jti === '') throw refusal('its `jti` is empty')
  const signed = token.slice(0, token.lastIndexOf('.'))
  const name = `${issuer.id}\n${jti === undefined ? `signed ${signed}` : `jti ${jti}`}`
  return {
    issuer,
    claims: payload,
    tokenId: createHash('sha256').update(name).digest('hex'),
    expiresAtMs: payload.exp * 1000,
  }
}

function asRefusal(error: unknown): unknown {
  if (isTaskVaultError(error)) return error
  if (error instanceof errors.JOSEError) return refusal(describe(error), error)
  // What is not even shaped like a token: `decodeJwt` and the like throw plain errors.
  return error instanceof TypeError || error instanceof SyntaxError ? noToken(error) : error
}

function noToken(cause: unknown): TaskVaultError {
  return new TaskVaultError(
    'UNAUTHENTICATED',
    'This is neither an API key (tv_…) nor the token of a CI job',
    { hint: 'Copy the key whole, as `taskvault keys create` has printed it.', cause },
  )
}

/** Never more of a token than the names of its claims: what it says may be anything. */
function describe(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'it has expired'
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.reason === 'missing'
      ? `the claim ${error.claim} is missing`
      : `the claim ${error.claim} is not what it has to be`
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong'
  if (error instanceof errors.JWKSNoMatchingKey) return 'its issuer has no such key'
  if (error instanceof errors.JOSEAlgNotAllowed) return 'its algorithm is not allowed'
  return 'it is not a valid token'
}

function refusal(because: string, cause?: unknown): TaskVaultError {
  return new TaskVaultError('UNAUTHENTICATED', `The token was refused: ${because}`, {
    hint: 'Check the issuer, the audience and the clock; docs/trust.md lists what a token must have.',
    ...(cause === undefined ? {} : { cause }),
  })
}
