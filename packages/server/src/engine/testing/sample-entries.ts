import { createHash, randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { parseBlobName } from '@taskvault/core'
import type { ByteStream } from '@taskvault/core'
import type { Database } from '../../database/schema.ts'
import type { Principal, Scope } from '../../trust/principal.ts'
import type { BlobRow, Engine, NewEntry, Publication, StoredEntry } from '../engine.ts'

export const MAIN: Scope = { level: 'protected', name: 'github:1/protected:refs/heads/main' }
export const BRANCH: Scope = { level: 'branch', name: 'github:1/branch:refs/heads/topic' }
export const PULL: Scope = { level: 'pr', name: 'github:1/pr:7' }
export const OTHER_PULL: Scope = { level: 'pr', name: 'github:1/pr:8' }

const SOMEBODY: Principal = {
  tenantId: 'default',
  role: 'engineer',
  writes: MAIN,
  reads: [MAIN],
  because: 'The test says so.',
  writer: { issuer: 'test', subject: 'somebody', claims: {} },
  sessionId: undefined,
  expiresAtMs: undefined,
}

/** Whoever writes `scope`, and reads it and what is protected. */
export function writerOf(scope: Scope, more: Partial<Principal> = {}): Principal {
  const reads = scope.name === MAIN.name ? [MAIN] : [scope, MAIN]
  return { ...SOMEBODY, writes: scope, reads, ...more }
}

export const MAINTAINER: Principal = writerOf(MAIN)
export const ADMIN: Principal = writerOf(MAIN, { role: 'admin' })

/** An administrator of another tenant who claims the very same scopes. */
export const STRANGER: Principal = writerOf(MAIN, {
  tenantId: 'other',
  role: 'admin',
  reads: [PULL, BRANCH, MAIN],
})

export async function addTenant(database: Database, id: string): Promise<void> {
  await database
    .insertInto('tenants')
    .values({ id, name: id, created_at: 0, strategy: 'lru' })
    .execute()
}

/** A session of a principal, as opening one leaves it in the database. */
export async function addSession(database: Database, who: Principal): Promise<Principal> {
  const id = randomBytes(8).toString('hex')
  await database
    .insertInto('sessions')
    .values({
      id,
      tenant_id: who.tenantId,
      digest: id,
      access: '{}',
      key_id: null,
      token_id: null,
      job: null,
      binding: null,
      created_at: 0,
      expires_at: Number.MAX_SAFE_INTEGER,
      closed_at: null,
    })
    .execute()
  return { ...who, sessionId: id }
}

export interface SampleBlob extends BlobRow {
  readonly content: Buffer
  readonly sha256: string
}

export function sampleBlob(content: string | Buffer = randomBytes(100)): SampleBlob {
  const bytes = Buffer.from(content)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return {
    name: parseBlobName(`sha256-${sha256}`),
    sizeBytes: bytes.length,
    content: bytes,
    sha256,
  }
}

export async function* streamOf(bytes: Uint8Array, pieceBytes = 65_536): ByteStream {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
}

export async function send(engine: Engine, who: Principal, blob: SampleBlob): Promise<boolean> {
  return await engine.storeBlob(who, blob, streamOf(blob.content))
}

export function draftOf(
  key: string,
  blobs: readonly BlobRow[],
  more: Partial<NewEntry> = {},
): NewEntry {
  return {
    namespace: 'task:test',
    key,
    blobs: blobs.map(({ name, sizeBytes }) => ({ name, sizeBytes })),
    content: blobs[0]?.name ?? 'nothing',
    details: { exitCode: 0 },
    durationMs: 1_000,
    sizeBytes: 10,
    expiresAtMs: undefined,
    ...more,
  }
}

/** Sends a new blob and publishes an entry that needs it. */
export async function save(
  engine: Engine,
  who: Principal,
  given: { readonly key: string; readonly blob?: SampleBlob } & Partial<NewEntry>,
): Promise<StoredEntry> {
  const { key, blob = sampleBlob(), ...more } = given
  await send(engine, who, blob)
  return entryOf(await engine.publish(who, draftOf(key, [blob], more)))
}

/** The entry of a publication that came to be. */
export function entryOf(publication: Publication): StoredEntry {
  if (publication.kind === 'published') return publication.entry
  throw new Error(`not published: ${JSON.stringify(publication)}`)
}

export async function readBlob(
  engine: Engine,
  who: Principal,
  blob: BlobRow,
): Promise<Buffer | undefined> {
  const opened = await engine.openBlob(who, blob.name)
  return opened && (await buffer(opened.bytes))
}

export const place = (key: string): { namespace: string; key: string } => ({
  namespace: 'task:test',
  key,
})
