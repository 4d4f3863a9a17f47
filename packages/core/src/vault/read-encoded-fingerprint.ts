import { digestToBytes } from '../model/digest.ts'
import type { EntryRow } from '../store/entries/entries.ts'
import type { Store } from '../store/store.ts'
import { openEntry } from './open-entry.ts'

/**
 * The fingerprint that an entry was saved under, as it is stored; undefined when it has none.
 * @throws {TaskVaultError} as `openEntry` does.
 */
export async function readEncodedFingerprint(
  store: Store,
  entry: EntryRow,
): Promise<Buffer | undefined> {
  using opened = await openEntry(store, entry)
  const { fingerprint } = opened.manifest
  return fingerprint && opened.locator.read(digestToBytes(fingerprint.digest))
}
