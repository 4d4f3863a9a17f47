import { randomBytes } from 'node:crypto'
import { TaskVaultError } from '@taskvault/core'
import { inTransaction } from '../database/in-transaction.ts'
import type { Database, DatabaseTransaction } from '../database/schema.ts'
import { hasTenant } from './has-tenant.ts'
import { isFresh } from './model/is-fresh.ts'
import type { Principal } from './principal.ts'
import { NO_DIGEST, digestOfSecret, isDigestOf } from './secret-digest.ts'
import { createSecretToken, parseSecretToken } from './secret-token.ts'

/** Who opens a session, by what. */
export interface SessionRequest {
  readonly principal: Principal
  readonly expiresAtMs: number
  readonly keyId?: string | undefined
  /** The CI system's token that proves it. */
  readonly token?: PresentedToken | undefined
  /** Names the job: what another session of it has restored counts for this one, too. */
  readonly job?: string | undefined
  /** What a request must come with, besides the session's token. */
  readonly binding?: string | undefined
}

export interface PresentedToken {
  readonly id: string
  readonly expiresAtMs: number
  /** `once`: a token opens one session. `until-closed`: as many as wanted, until one of them is closed. */
  readonly uses: 'once' | 'until-closed'
}

export interface OpenedSession {
  /** `tvs_…`: the bearer of the session; shown this once. */
  readonly token: string
  readonly expiresAtMs: number
  readonly principal: Principal
}

export interface FoundSession {
  readonly principal: Principal
  readonly binding: string | undefined
  /** Ranges that the key may be used from that opened it; none: anywhere. */
  readonly addresses: readonly string[]
}

export interface Sessions {
  /** @throws {TaskVaultError} UNAUTHENTICATED when the CI system's token was used up. */
  open(request: SessionRequest): Promise<OpenedSession>
  /** The session with this token: open, not expired, and of a key that still works. */
  find(token: string): Promise<FoundSession | undefined>
  /**
   * Ends the session, and every other one of the same token of a CI system: the job is over, and
   * whoever has copied its token gets no further.
   */
  close(sessionId: string): Promise<void>
  /** The session of a token that is its own bearer, made at its first use; its id. */
  ensure(request: SessionRequest & { readonly token: PresentedToken }): Promise<string>
}

/** What a principal is but for its session, as the table holds it. */
type StoredAccess = Pick<Principal, 'role' | 'writes' | 'reads' | 'because' | 'writer'>

const SWEEP_MS = 60_000

export function createSessions(database: Database, now: () => number): Sessions {
  let sweptAtMs = Number.NEGATIVE_INFINITY

  async function open(request: SessionRequest): Promise<OpenedSession> {
    const { id, text } = createSecretToken('tvs', randomBytes)
    const { principal, expiresAtMs } = request
    const isSwept = isFresh(sweptAtMs, SWEEP_MS, now())
    await inTransaction(database, async (transaction) => {
      await requireTenant(transaction, principal.tenantId)
      if (request.token !== undefined) await useToken(transaction, request.token, now())
      await insertSession(transaction, { id, digest: digestOfSecret(text), nowMs: now() }, request)
      if (!isSwept) await sweep(transaction, now())
    })
    if (!isSwept) sweptAtMs = now()
    return { token: text, expiresAtMs, principal: { ...principal, sessionId: id, expiresAtMs } }
  }

  async function find(text: string): Promise<FoundSession | undefined> {
    const token = parseSecretToken('tvs', text)
    if (token === undefined) return undefined
    const row = await database
      .selectFrom('sessions')
      .leftJoin('api_keys', 'api_keys.id', 'sessions.key_id')
      .select(['sessions.digest', 'sessions.tenant_id', 'sessions.access', 'sessions.binding'])
      .select(['sessions.expires_at', 'sessions.closed_at'])
      .select(['api_keys.revoked_at', 'api_keys.expires_at as key_expires_at'])
      .select(['api_keys.addresses'])
      .where('sessions.id', '=', token.id)
      .executeTakeFirst()
    const isRight = isDigestOf(row?.digest ?? NO_DIGEST, token.text)
    if (!isRight || row === undefined || row.closed_at !== null || row.revoked_at !== null) {
      return undefined
    }
    if (now() >= Math.min(row.expires_at, row.key_expires_at ?? row.expires_at)) return undefined
    const access = JSON.parse(row.access) as StoredAccess
    const { tenant_id: tenantId, expires_at: expiresAtMs } = row
    const principal = {
      tenantId,
      role: access.role,
      writes: access.writes,
      reads: access.reads,
      because: access.because,
      writer: access.writer,
      sessionId: token.id,
      expiresAtMs,
    }
    const addresses = JSON.parse(row.addresses ?? '[]') as readonly string[]
    return { principal, binding: row.binding ?? undefined, addresses }
  }

  async function close(sessionId: string): Promise<void> {
    await inTransaction(database, async (transaction) => {
      const closed = await transaction
        .updateTable('sessions')
        .set({ closed_at: now() })
        .where('id', '=', sessionId)
        .returning('token_id')
        .executeTakeFirst()
      const tokenId = closed?.token_id ?? undefined
      if (tokenId === undefined) return
      await transaction
        .updateTable('sessions')
        .set({ closed_at: now() })
        .where('token_id', '=', tokenId)
        .where('closed_at', 'is', null)
        .execute()
      await transaction
        .updateTable('used_tokens')
        .set({ closed_at: now() })
        .where('id', '=', tokenId)
        .execute()
    })
  }

  async function ensure(
    request: SessionRequest & { readonly token: PresentedToken },
  ): Promise<string> {
    const id = request.token.id.slice(0, 24)
    const known = await database
      .selectFrom('sessions')
      .select(['closed_at'])
      .where('id', '=', id)
      .executeTakeFirst()
    if (known?.closed_at === null) return id
    await inTransaction(database, async (transaction) => {
      await requireTenant(transaction, request.principal.tenantId)
      await useToken(transaction, request.token, now())
      // Nobody's digest: this session has no token of its own.
      await insertSession(transaction, { id, digest: NO_DIGEST, nowMs: now() }, request)
    })
    return id
  }

  return { open, find, close, ensure }
}

async function requireTenant(transaction: DatabaseTransaction, tenantId: string): Promise<void> {
  if (await hasTenant(transaction, tenantId)) return
  throw new TaskVaultError('FORBIDDEN', `There is no tenant ${tenantId}`, {
    hint: 'The settings name it; its administrator has to make it first.',
  })
}

/** The row is what makes it single: of many who present the same token at once, one inserts it. */
async function useToken(
  transaction: DatabaseTransaction,
  { id, expiresAtMs, uses }: PresentedToken,
  nowMs: number,
): Promise<void> {
  // A clock may be a little behind the issuer's; a token must not be forgotten while it is valid.
  const row = { id, closed_at: null, expires_at: Math.max(expiresAtMs, nowMs) + SWEEP_MS }
  const inserted = await transaction
    .insertInto('used_tokens')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .returning('id')
    .executeTakeFirst()
  if (inserted !== undefined) return
  const known = await transaction
    .selectFrom('used_tokens')
    .select('closed_at')
    .where('id', '=', id)
    .executeTakeFirst()
  if (uses === 'until-closed' && known?.closed_at === null) return
  throw new TaskVaultError('UNAUTHENTICATED', 'The token was refused: it was used before', {
    hint: 'Ask the CI system for a new one; a token that was copied out of a job is of no use.',
  })
}

interface SessionPlace {
  readonly id: string
  readonly digest: string
  readonly nowMs: number
}

async function insertSession(
  transaction: DatabaseTransaction,
  { id, digest, nowMs }: SessionPlace,
  request: SessionRequest,
): Promise<void> {
  const { role, writes, reads, because, writer, tenantId } = request.principal
  const access: StoredAccess = { role, writes, reads, because, writer }
  await transaction
    .insertInto('sessions')
    .values({
      id,
      tenant_id: tenantId,
      digest,
      access: JSON.stringify(access),
      key_id: request.keyId ?? null,
      token_id: request.token?.id ?? null,
      job: request.job === undefined ? null : `${tenantId} ${request.job}`,
      binding: request.binding ?? null,
      created_at: nowMs,
      expires_at: request.expiresAtMs,
      closed_at: null,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
}

/**
 * A job can open one session after the other, and what it restored in the first counts for what it
 * writes in the last. No CI system lets a job run for longer than five days.
 */
const LONGEST_JOB_MS = 6 * 24 * 60 * 60 * 1000

/** Forgets what is over for good. */
async function sweep(transaction: DatabaseTransaction, nowMs: number): Promise<void> {
  const before = nowMs - LONGEST_JOB_MS
  await transaction.deleteFrom('sessions').where('expires_at', '<', before).execute()
  await transaction.deleteFrom('used_tokens').where('expires_at', '<', nowMs).execute()
}
