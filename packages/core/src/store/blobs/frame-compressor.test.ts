import { randomBytes } from 'node:crypto'
import { zstdDecompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { FRAME_BYTES, createFrameCompressor } from './frame-compressor.ts'

test('frames can be unpacked one by one, whatever they hold and however many there are at once', async () => {
  const frames = Array.from({ length: 40 }, (_, index) =>
    index % 4 === 0 ? randomBytes(FRAME_BYTES) : Buffer.alloc(index * 1_000, `${index} `),
  )
  using compressor = createFrameCompressor()

  const compressed = await Promise.all(
    frames.map(async (frame) => Uint8Array.from(await compressor.compress(frame))),
  )

  const unpacked = compressed.map((bytes) => zstdDecompressSync(bytes))
  expect(unpacked.every((bytes, index) => bytes.equals(frames[index] as Buffer))).toBe(true)
})

test('frames that follow one another share no bytes', async () => {
  const frame = randomBytes(100_000)
  using compressor = createFrameCompressor()

  const first = await compressor.compress(frame)
  const second = await compressor.compress(frame)

  expect(second.length).toBe(first.length)
  expect(zstdDecompressSync(second).equals(frame)).toBe(true)
})

test('a frame that is compressed when all ends is refused', async () => {
  const compressor = createFrameCompressor()
  const compressing = compressor.compress(randomBytes(FRAME_BYTES))

  compressor[Symbol.dispose]()

  await expect(compressing).rejects.toThrow()
})
