import { parseBlobName } from '../../model/blob-name.ts'
import type { BlobName } from '../../model/blob-name.ts'
import type { EntryRecord } from '../../model/entry-record.ts'
import { parseEntryRecord } from '../../model/parse-entry-record.ts'
import { nonsense } from '../failures.ts'
import { asFields, asTexts, malformed } from './answer-fields.ts'
import type { Fields } from './answer-fields.ts'

/*
 * What a TaskVault server answers (docs/protocol.md), read by a client that trusts nothing. Fields that
 * are not known are left out: later servers may have more.
 */

/** What a session may do, and until when. */
export interface SessionAnswer {
  readonly token: string
  readonly expiresAtMs: number
  /** Whether blobs travel straight to and from a bucket. */
  readonly isDirect: boolean
  readonly maxBlobBytes: number
}

/** How one blob is to be sent. */
export interface UploadAnswer {
  readonly name: BlobName
  /** Absolute, or relative to the server. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** A refusal in the server's words, made fit to be shown. */
export interface ErrorAnswer {
  readonly code: string
  readonly message: string
  readonly hint: string | undefined
  /** All fields, for those refusals that have more. */
  readonly fields: Fields
}

/** @throws {TaskVaultError} REMOTE_INVALID, like all that follow. */
export function parseSessionAnswer(value: unknown): SessionAnswer {
  const fields = asFields(value)
  const { token, expiresAtMs, directTransfer, maxBlobBytes } = fields
  if (typeof token !== 'string' || !/^[\x21-\x7e]{1,8192}$/.test(token)) throw malformed('session')
  if (typeof expiresAtMs !== 'number' || typeof maxBlobBytes !== 'number')
    throw malformed('session')
  return { token, expiresAtMs, isDirect: directTransfer === true, maxBlobBytes }
}

export function parseMissingAnswer(value: unknown): readonly BlobName[] {
  return asTexts(asFields(value)['missing']).map(asBlobName)
}

export function parseUploadsAnswer(value: unknown): readonly UploadAnswer[] {
  const { uploads } = asFields(value)
  if (!Array.isArray(uploads)) throw malformed('list of uploads')
  return uploads.map((upload) => {
    const { name, method, url, headers } = asFields(upload)
    if (method !== 'PUT' || typeof url !== 'string' || typeof name !== 'string')
      throw malformed('upload')
    return { name: asBlobName(name), url, headers: asHeaders(headers) }
  })
}

export function parseRecordAnswer(value: unknown): EntryRecord {
  return parseEntryRecord(asFields(value)['record'])
}

export function parseListAnswer(value: unknown): readonly EntryRecord[] {
  const { entries } = asFields(value)
  if (!Array.isArray(entries)) throw malformed('list of entries')
  return entries.map(parseEntryRecord)
}

/** Anything is understood as a refusal; what is not ours has no code. */
export function parseErrorAnswer(text: string): ErrorAnswer {
  const fields = parseLeniently(text)
  const { code, message, hint } = fields
  return {
    code: typeof code === 'string' ? showable(code) : '',
    message: typeof message === 'string' ? showable(message) : '',
    hint: typeof hint === 'string' ? showable(hint) : undefined,
    fields,
  }
}

/** @throws {TaskVaultError} REMOTE_INVALID when a refusal for missing blobs names none. */
export function parseNamesOf({ fields }: ErrorAnswer): readonly BlobName[] {
  const names = asTexts(fields['names']).map(asBlobName)
  if (names.length === 0) throw malformed('refusal')
  return names
}

const LONGEST_SHOWN = 300

/** What another machine says goes to terminals and logs: no control characters, and not without end. */
function showable(text: string): string {
  return text.slice(0, LONGEST_SHOWN).replaceAll(/\p{C}/gu, '?')
}

function parseLeniently(text: string): Fields {
  try {
    return asFields(JSON.parse(text))
  } catch {
    return {}
  }
}

function asBlobName(text: string): BlobName {
  try {
    return parseBlobName(text)
  } catch (error) {
    throw nonsense('The server sent an invalid blob name', error)
  }
}

function asHeaders(value: unknown): Readonly<Record<string, string>> {
  const headers = Object.entries(asFields(value))
  const isSound = headers.every(
    ([name, text]) =>
      /^[\w-]{1,200}$/.test(name) && typeof text === 'string' && /^[\x20-\x7e]*$/.test(text),
  )
  if (!isSound) throw malformed('upload')
  return Object.fromEntries(headers) as Record<string, string>
}
