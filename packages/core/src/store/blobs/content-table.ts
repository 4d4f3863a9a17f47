import type { ContentPlace, ContentRows } from '../../model/pack-index.ts'

/** Finds contents by their digests in the indexes of several packs, whose rows it numbers from 0. */
export interface ContentTable {
  readonly count: number
  /** The row of a content, in the last pack that has it; undefined when none has. */
  find(digest: Buffer): number | undefined
  /** Which of the packs a row is in. */
  packOf(row: number): number
  /** The first row of a pack. */
  firstRow(pack: number): number
  placeAt(row: number): ContentPlace
}

/**
 * An open-addressing table of row numbers. A map from strings would take ten times the memory, and most of
 * the time in which an entry is opened.
 */
export function createContentTable(
  packs: readonly ContentRows[],
  digestBytes: number,
): ContentTable {
  const firstRows = startsOf(packs)
  const count = firstRows.pop() ?? 0
  const packOfRow = new Uint32Array(count)
  for (const [pack, first] of firstRows.entries())
    packOfRow.fill(pack, first, first + (packs[pack] as ContentRows).count)

  function isAt(row: number, bytes: Buffer, at: number): boolean {
    const pack = packOfRow[row] as number
    const rows = packs[pack] as ContentRows
    const start = rows.digestAt(row - (firstRows[pack] as number))
    return isSame(rows.bytes, start, { bytes, at, length: digestBytes })
  }

  function findAmongFew(digest: Buffer): number | undefined {
    let row = count - 1
    while (row >= 0 && !isAt(row, digest, 0)) row -= 1
    return row < 0 ? undefined : row
  }

  const find = count <= FEW_ROWS ? findAmongFew : indexRows(packs, { count, digestBytes, isAt })

  return {
    count,
    find(digest) {
      // A node that somebody forged may name anything.
      return digest.length === digestBytes ? find(digest) : undefined
    },
    packOf: (row) => packOfRow[row] as number,
    firstRow: (pack) => firstRows[pack] as number,
    placeAt(row) {
      const pack = packOfRow[row] as number
      return (packs[pack] as ContentRows).placeAt(row - (firstRows[pack] as number))
    },
  }
}

/** A small result has three. To go through so few takes less than to find out where each would be noted. */
const FEW_ROWS = 8

interface Rows {
  readonly count: number
  readonly digestBytes: number
  isAt(row: number, bytes: Buffer, at: number): boolean
}

/** Notes each row where its digest says. @returns what finds a row so. */
function indexRows(
  packs: readonly ContentRows[],
  { count, digestBytes, isAt }: Rows,
): (digest: Buffer) => number | undefined {
  // Row numbers from 1; twice as many slots as rows keep searches short.
  const slots = new Uint32Array(2 ** Math.ceil(Math.log2(count * 2 + 1)))
  const hash = createDigestHash(digestBytes)

  /** Where the digest's row is noted, or would be. */
  function slotOf(bytes: Buffer, at: number): number {
    let slot = hash(bytes, at) & (slots.length - 1)
    for (;;) {
      const noted = slots[slot] as number
      if (noted === 0 || isAt(noted - 1, bytes, at)) return slot
      slot = (slot + 1) & (slots.length - 1)
    }
  }

  let next = 0
  for (const rows of packs) {
    for (let row = 0; row < rows.count; row += 1) {
      slots[slotOf(rows.bytes, rows.digestAt(row))] = ++next
    }
  }
  return (digest) => {
    const noted = slots[slotOf(digest, 0)] as number
    return noted === 0 ? undefined : noted - 1
  }
}

/** The first row of each pack, and the number of all rows. */
function startsOf(packs: readonly ContentRows[]): number[] {
  let start = 0
  return [0, ...packs.map(({ count }) => (start += count))]
}

/**
 * Digests are as good as random, but whoever forges an index may choose them: numbers that are drawn here
 * keep him from naming thousands that fall on the same slot. He forges before they are drawn, and never sees
 * one: they need not come from `node:crypto`, which takes 4 ms to load.
 */
function createDigestHash(digestBytes: number): (bytes: Buffer, at: number) => number {
  const words = Math.floor(digestBytes / 4)
  const factors = Int32Array.from({ length: words }, () => Math.floor(Math.random() * 2 ** 32) | 1)
  return (bytes, at) => {
    let mixed = 0
    for (let word = 0; word < words; word += 1) {
      mixed = Math.imul(mixed ^ bytes.readInt32LE(at + word * 4), factors[word] as number)
      mixed ^= mixed >>> 15
    }
    return mixed >>> 0
  }
}

function isSame(
  first: Buffer,
  start: number,
  { bytes, at, length }: { readonly bytes: Buffer; readonly at: number; readonly length: number },
): boolean {
  for (let index = 0; index < length; index += 1) {
    if (first[start + index] !== bytes[at + index]) return false
  }
  return true
}
