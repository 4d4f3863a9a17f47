/*
 * The tables of who calls. Of every secret only the SHA-256 is kept, in hexadecimal; private keys are
 * sealed with the server's own secret, which is not in the database.
 */
export interface TrustTables {
  api_keys: ApiKeysTable
  sessions: SessionsTable
  session_restores: SessionRestoresTable
  used_tokens: UsedTokensTable
  signing_keys: SigningKeysTable
}

export interface ApiKeysTable {
  /** Part of the key; no secret. */
  id: string
  tenant_id: string
  name: string
  role: string
  /** Of the whole key. */
  digest: string
  project: string
  writes: string
  /** JSON: names of branches. */
  reads: string
  /** JSON: ranges of addresses that it may be used from; none: any. */
  addresses: string
  created_at: number
  expires_at: number
  revoked_at: number | null
}

export interface SessionsTable {
  /** Part of the token; no secret. */
  id: string
  tenant_id: string
  /** Of the whole token. */
  digest: string
  /** JSON: role, scopes and writer. */
  access: string
  /** The key that opened it, which must not be revoked. */
  key_id: string | null
  /** The token of a CI system that opened it. */
  token_id: string | null
  /** Sessions of one job have the same: what one of them restored counts for all. */
  job: string | null
  /** The certificate or address that it is bound to: `certificate AB:…`, `address 10.0.0.1`. */
  binding: string | null
  created_at: number
  expires_at: number
  closed_at: number | null
}

/** What the job of a session has restored. */
export interface SessionRestoresTable {
  session_id: string
  entry_id: string
}

/** Tokens of CI systems that were presented, for as long as they would be valid. */
export interface UsedTokensTable {
  /** SHA-256 of issuer and `jti`. */
  id: string
  /** When a session of it was closed; from then on it opens none. */
  closed_at: number | null
  expires_at: number
}

export interface SigningKeysTable {
  tenant_id: string
  key_id: string
  /** 32 bytes in base64url. */
  public_key: string
  /** The private key, sealed. */
  sealed: string
  created_at: number
  /** When it was withdrawn: what it signed is not to be believed. */
  revoked_at: number | null
}
