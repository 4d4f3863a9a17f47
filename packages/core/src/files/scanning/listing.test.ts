import { expect, test } from 'vitest'
import { encodeListing, parseListing, renameBlobs, replaceTimes, setDirectory } from './listing.ts'
import type { Listing } from './listing.ts'

const LISTING: Listing = {
  dev: 1,
  digestBytes: 32,
  names: ['a', 'b'],
  ino: Float64Array.of(11, 12),
  size: Float64Array.of(21, 22),
  mtimeMs: Float64Array.of(31, 32),
  ctimeMs: Float64Array.of(41, 42),
  mode: Float64Array.of(0o100_644, 0o120_777),
  digests: Buffer.alloc(64, 5),
  targets: ['there'],
  node: { output: Buffer.alloc(32, 6), input: Buffer.alloc(32, 7) },
  self: { dev: 1, ino: 10, mtimeMs: 30, ctimeMs: 40 },
  blobs: [51, 52, 53],
}

test('what is set in an encoded listing is read of it, and all else stays', () => {
  const bytes = encodeListing(LISTING)
  const self = { dev: 2, ino: 3, mtimeMs: 4, ctimeMs: 5 }

  renameBlobs(bytes, [61, 62, 63])
  setDirectory(bytes, { dev: 9, self })

  expect(parseListing(bytes, 32)).toEqual({ ...LISTING, dev: 9, self, blobs: [61, 62, 63] })
})

test('times are replaced by what each of them and its mode say; of the directory, too', () => {
  const bytes = encodeListing(LISTING)

  replaceTimes(bytes, ({ mode, mtimeMs, ctimeMs }) => mode * 1e6 + mtimeMs * 1e3 + ctimeMs)

  const parsed = parseListing(bytes, 32)
  expect(parsed?.mtimeMs).toEqual(
    Float64Array.of(0o100_644 * 1e6 + 31_041, 0o120_777 * 1e6 + 32_042),
  )
  expect(parsed?.self?.mtimeMs).toBe(30_040)
  expect(parsed?.ctimeMs).toEqual(LISTING.ctimeMs)
})
