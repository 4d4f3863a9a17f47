import type { BlobName } from './blob-name.ts'
import type { TaskKey } from './digest.ts'
import type { Origin } from './manifest.ts'
import type { TaskName } from './task.ts'

/** A blob that an entry needs, and the size of its stored bytes. */
export interface NeededBlob {
  readonly name: BlobName
  readonly sizeBytes: number
}

/** What a client sends to publish an entry. */
export interface EntryDraft {
  readonly task: TaskName
  readonly key: TaskKey
  /** The blob that holds the manifest. */
  readonly manifest: NeededBlob
  /** The packs that hold the contents, not counting the manifest's own blob. */
  readonly packs: readonly NeededBlob[]
  /** Raw bytes of all outputs together; `fileCount` counts files, links and directories. */
  readonly sizeBytes: number
  readonly fileCount: number
  readonly exitCode: number
  readonly durationMs: number
  /** Undefined: the remote store's policy decides. Never later than that policy allows. */
  readonly expiresAtMs: number | undefined
  readonly origin: Origin
}

/** Who wrote an entry, as far as the store could verify it; all values come from a verified token. */
export interface Writer {
  /** `api-key`, `certificate`, or the issuer of a token: `https://token.actions.githubusercontent.com`. */
  readonly issuer: string
  /** Name of the key or certificate, or the token's subject. */
  readonly subject: string
  /** Further claims that identify the job: repository_id, ref, sha, event, run_id, … */
  readonly claims: Readonly<Record<string, string>>
}

/** An entry as a remote store returns it. */
export interface EntryRecord extends EntryDraft {
  /** Opaque id of the record in its store. */
  readonly id: string
  /** The trust level and place that it was written in: `github:1234/protected:refs/heads/main`. */
  readonly scope: string
  readonly createdAtMs: number
  /** Undefined where the writer is not verified (a bucket, a shared folder). */
  readonly writer: Writer | undefined
  /** Ids of the records that the writing job had restored before. */
  readonly restored: readonly string[]
  /** The store's signature over `encodeRecordForSigning`; undefined where records are not signed. */
  readonly signature: RecordSignature | undefined
}

/** An Ed25519 signature. */
export interface RecordSignature {
  /** Id of the public key that verifies it. */
  readonly keyId: string
  /** 64 bytes in base64url. */
  readonly value: string
}

/**
 * Returns the exact bytes that a signature covers: a line that names the format, then JSON of the fields, except
 * `origin.user`, in a fixed order. Equal records give equal bytes, however the objects were made.
 */
export function encodeRecordForSigning(record: Omit<EntryRecord, 'signature'>): Uint8Array {
  const { origin, writer } = record
  const fields = [
    record.id,
    record.scope,
    record.task,
    record.key,
    [record.manifest, ...record.packs].map((blob) => [blob.name, blob.sizeBytes]),
    [record.sizeBytes, record.fileCount, record.exitCode, record.durationMs],
    [record.createdAtMs, record.expiresAtMs ?? null],
    [origin.platform ?? null, origin.branch ?? null, origin.commit ?? null],
    writer === undefined ? null : [writer.issuer, writer.subject, sortedPairs(writer.claims)],
    record.restored,
  ]
  return Buffer.from(`taskvault-entry-record 1\n${JSON.stringify(fields)}\n`)
}

function sortedPairs(claims: Readonly<Record<string, string>>): readonly (readonly string[])[] {
  return Object.entries(claims).toSorted(([left], [right]) => (left < right ? -1 : 1))
}
