import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodePackIndex, parsePackIndex } from '../../model/pack-index.ts'
import type { ContentRows } from '../../model/pack-index.ts'
import { createContentTable } from './content-table.ts'

const DIGEST_BYTES = 32
const FRAME = { storedBytes: 1, rawBytes: 1_000_000, codec: 'zstd' } as const

/** Few of them, so that packs share some, and alike but for the end, as somebody may forge them. */
const digest = fc.nat(40).map((last) => Buffer.alloc(DIGEST_BYTES).fill(last, DIGEST_BYTES - 1))
const packs = fc.array(fc.array(digest, { maxLength: 30 }), { maxLength: 5 })

function rowsOf(digests: readonly Buffer[]): ContentRows {
  const contents = digests.map((name, offset) => ({ digest: name, frame: 0, offset, length: 1 }))
  const index = encodePackIndex({ frames: [FRAME], contents, chunked: [] }, DIGEST_BYTES)
  return parsePackIndex(index, DIGEST_BYTES).contents
}

test('finds each content in the last pack, and the last row, that has it', () => {
  fc.assert(
    fc.property(packs, digest, (lists, other) => {
      const table = createContentTable(lists.map(rowsOf), DIGEST_BYTES)
      for (const wanted of [...lists.flat(), other]) {
        const pack = lists.findLastIndex((list) => list.some((name) => name.equals(wanted)))
        const row = table.find(wanted)
        if (row === undefined) {
          expect(pack).toBe(-1)
          continue
        }
        expect(table.packOf(row)).toBe(pack)
        const offset = lists[pack]?.findLastIndex((name) => name.equals(wanted)) ?? -1
        expect(table.placeAt(row)).toMatchObject({ offset })
        expect(row).toBe(table.firstRow(pack) + offset)
      }
    }),
  )
})

test('a digest of another length is not found', () => {
  const table = createContentTable([rowsOf([Buffer.alloc(DIGEST_BYTES)])], DIGEST_BYTES)

  expect(table.find(Buffer.alloc(16))).toBeUndefined()
  expect(table.find(Buffer.alloc(64))).toBeUndefined()
})
