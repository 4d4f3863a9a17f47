import type { Store } from '../store.ts'
import type { UsedBlob } from './packed-contents.ts'

/** Packs that an entry may need besides one for each of these bytes: every look-up opens them all. */
const FREE_PACKS = 64
const BYTES_OF_A_PACK = 4 * 1024 * 1024

/**
 * Each save that changes little adds a small pack, and needs those of all saves before: without an end,
 * a look-up would cost more with each save, and no pack could go as long as one file of it stays.
 * @returns numbers of the smallest of `packs`, whose contents are better stored once more; none when
 * there are not too many for outputs of `sizeBytes`.
 */
export function findScattered(
  { database }: Pick<Store, 'database'>,
  packs: readonly UsedBlob[],
  sizeBytes: number,
): readonly number[] {
  const limit = FREE_PACKS + Math.ceil(sizeBytes / BYTES_OF_A_PACK)
  if (packs.length <= limit) return []
  const select = database.prepare('SELECT size FROM blobs WHERE number = ?')
  const bySize = packs
    .map(({ number }) => ({ number, sizeBytes: Number(select.get(number)?.['size'] ?? 0) }))
    .toSorted((left, right) => left.sizeBytes - right.sizeBytes)
  // Half of them at once, so that it is long until the next time.
  return bySize.slice(0, packs.length - Math.floor(limit / 2)).map(({ number }) => number)
}
