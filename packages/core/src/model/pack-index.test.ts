import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isTaskVaultError } from '../errors.ts'
import { encodeBlobHeader, encodePackIndex, parseBlobHeader, parsePackIndex } from './pack-index.ts'
import type { IndexedContent, PackContents, PackIndex } from './pack-index.ts'

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes))
const index: fc.Arbitrary<PackContents> = fc
  .array(
    fc.record({
      storedBytes: fc.nat(),
      rawBytes: fc.nat(),
      codec: fc.constantFrom('stored' as const, 'zstd' as const),
    }),
    { minLength: 1 },
  )
  .chain((frames) =>
    fc.record({
      frames: fc.constant(frames),
      contents: fc.array(
        fc.tuple(digest, fc.nat(frames.length - 1)).map(([name, frame]) => ({
          digest: name,
          frame,
          offset: 0,
          length: frames[frame]?.rawBytes ?? 0,
        })),
      ),
      chunked: fc.array(fc.record({ digest, length: fc.nat(), chunks: fc.array(digest) })),
    }),
  )

function contentsOf({ contents }: PackIndex): IndexedContent[] {
  return Array.from({ length: contents.count }, (_, row) => contents.read(row))
}

describe('the index of a pack', () => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(index, (value) => {
        const read = parsePackIndex(encodePackIndex(value, 32), 32)
        expect({ ...read, contents: contentsOf(read) }).toEqual(value)
      }),
    )
  })

  test('is refused or read, but never crashes or claims bytes beyond a frame, when damaged', () => {
    fc.assert(
      fc.property(
        index,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.nat(3),
        (value, at, flip, cut) => {
          const bytes = encodePackIndex(value, 32)
          bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ flip
          try {
            const read = parsePackIndex(bytes.subarray(0, bytes.length - cut), 32)
            for (const content of contentsOf(read)) {
              expect(content.offset + content.length).toBeLessThanOrEqual(
                read.frames[content.frame]?.rawBytes ?? -1,
              )
            }
          } catch (error) {
            expect(isTaskVaultError(error, 'BLOB_CORRUPT')).toBe(true)
          }
        },
      ),
    )
  })

  test('of a later format is refused with a hint, not read as damage', () => {
    expect(() => parseBlobHeader(Buffer.from('taskvault-pack 2 blake3\n'))).toThrow(
      expect.objectContaining({
        code: 'FORMAT_UNSUPPORTED',
        hint: expect.stringContaining('upgrade'),
      }),
    )
    expect(parseBlobHeader(encodeBlobHeader('pack', 'blake3'))).toEqual({
      kind: 'pack',
      algorithm: 'blake3',
      length: 24,
    })
  })
})
