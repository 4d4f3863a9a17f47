import { digestToBytes } from '../model/digest.ts'
import { parseFingerprint } from '../model/fingerprint.ts'
import type { Fingerprint } from '../model/fingerprint.ts'
import type { Manifest } from '../model/manifest.ts'
import type { EntryRow } from '../store/entries/entries.ts'
import type { Store } from '../store/store.ts'
import { openEntry } from './open-entry.ts'

/** What an entry contains, and what it was made from. */
export interface EntryDescription {
  readonly manifest: Manifest
  /** Undefined for entries keyed on plain bytes. */
  readonly fingerprint: Fingerprint | undefined
  /** Whether a log was recorded. */
  readonly hasLog: boolean
}

/**
 * Reads an entry's manifest and fingerprint, verified.
 * @throws {TaskVaultError} BLOB_MISSING, BLOB_CORRUPT, ENTRY_DAMAGED.
 */
export async function describeEntry(store: Store, entry: EntryRow): Promise<EntryDescription> {
  using opened = await openEntry(store, entry)
  const { manifest, locator } = opened
  const stored = manifest.fingerprint
  const text =
    stored === undefined ? undefined : locator.read(digestToBytes(stored.digest)).toString()
  return {
    manifest,
    fingerprint: text === undefined ? undefined : parseFingerprint(text),
    hasLog: manifest.log !== undefined,
  }
}
