import { digestToBytes } from '../model/digest.ts'
import type { EntryRow } from '../store/entries/entries.ts'
import type { Store } from '../store/store.ts'
import { openEntry } from './open-entry.ts'

/** The last one of each store: what a fingerprint is made from is mostly what it is compared with. */
const lastRead = new WeakMap<Store, { readonly entry: number; readonly encoded: Buffer }>()

/**
 * The fingerprint that an entry was saved under, as it is stored; undefined when it has none.
 * @throws {TaskVaultError} as `openEntry` does.
 */
export async function readEncodedFingerprint(
  store: Store,
  entry: EntryRow,
): Promise<Buffer | undefined> {
  const last = lastRead.get(store)
  if (last?.entry === entry.number) return last.encoded
  using opened = await openEntry(store, entry)
  const { fingerprint } = opened.manifest
  if (fingerprint === undefined) return undefined
  const encoded = opened.locator.read(digestToBytes(fingerprint.digest))
  lastRead.set(store, { entry: entry.number, encoded })
  return encoded
}
