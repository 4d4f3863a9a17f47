import type { Engine, StoredEntry } from '../../engine/engine.ts'
import type { Principal } from '../../trust/principal.ts'

/** How long an upload may take. Nobody else can begin one of the same key before. */
const UPLOAD_MS = 60 * 60 * 1000

export interface UploadStore {
  readonly engine: Engine
  now(): number
}

/** Where the pieces of an upload are, and what is known of it. */
export function namespaceOfUpload(id: string): string {
  return `actions-upload:${id}`
}

type Temporary = Pick<StoredEntry, 'namespace' | 'key' | 'content' | 'blobs' | 'details'>

/** Publishes an entry that is gone in an hour. */
export async function publishTemporary(
  { engine, now }: UploadStore,
  who: Principal,
  entry: Temporary,
): ReturnType<Engine['publish']> {
  const expiresAtMs = now() + UPLOAD_MS
  return await engine.publish(who, { ...entry, durationMs: 0, sizeBytes: 0, expiresAtMs })
}

/** A temporary entry of the scope that `who` writes. */
export async function findOwn(
  { engine }: UploadStore,
  who: Principal,
  place: { readonly namespace: string; readonly key: string },
): Promise<StoredEntry | undefined> {
  return await engine.find(withinOwn(who), place)
}

/**
 * Uploads are nobody's but the writing scope's own. No session: that a job looks at what it is sending is
 * no restore, which would be told of everything that it saves later.
 */
export function withinOwn(who: Principal): Principal {
  return { ...who, reads: who.writes === undefined ? [] : [who.writes], sessionId: undefined }
}
