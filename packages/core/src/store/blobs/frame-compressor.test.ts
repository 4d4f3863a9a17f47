import { randomBytes, randomFillSync } from 'node:crypto'
import { zstdDecompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { FRAME_BYTES, createFrameCompressor } from './frame-compressor.ts'
import type { CompressedFrame } from './frame-compressor.ts'

test('frames can be unpacked one by one, whatever they hold and however many there are at once', async () => {
  const frames = Array.from({ length: 40 }, (_, index) =>
    index % 4 === 0 ? randomBytes(FRAME_BYTES) : Buffer.alloc(index * 1_000, `${index} `),
  )
  using compressor = createFrameCompressor()

  const compressed = await Promise.all(
    frames.map(async (frame) => Uint8Array.from((await compressor.compress(frame)).bytes)),
  )

  const unpacked = compressed.map((bytes) => zstdDecompressSync(bytes))
  expect(unpacked.every((bytes, index) => bytes.equals(frames[index] as Buffer))).toBe(true)
})

test('frames that follow one another share no bytes', async () => {
  const frame = randomBytes(100_000)
  using compressor = createFrameCompressor()

  const first = await compressor.compress(frame)
  const second = await compressor.compress(frame)

  expect(second.bytes.length).toBe(first.bytes.length)
  expect(zstdDecompressSync(second.bytes).equals(frame)).toBe(true)
})

test('frames that are compressed when all ends, or wait for it, are refused', async () => {
  const compressor = createFrameCompressor()
  const frame = randomBytes(FRAME_BYTES)
  const compressing = Array.from({ length: 10 }, async () => await compressor.compress(frame))

  compressor[Symbol.dispose]()

  const outcomes = await Promise.allSettled(compressing)
  expect(outcomes.map((outcome) => outcome.status)).toEqual(compressing.map(() => 'rejected'))
})

test('a frame that is refused does not keep those after it waiting', async () => {
  using compressor = createFrameCompressor()
  const broken = [1] as unknown as Uint8Array

  const refused = Array.from({ length: 10 }, async () => await compressor.compress(broken))

  const outcomes = await Promise.allSettled(refused)
  expect(outcomes.every((outcome) => outcome.status === 'rejected')).toBe(true)
  const frame = Buffer.from('a frame')
  expect(zstdDecompressSync((await compressor.compress(frame)).bytes)).toEqual(frame)
})

test('memory that is given back is lent again, or freed when all frames in it were given back', async () => {
  using compressor = createFrameCompressor()
  const raw = compressor.lend()
  randomFillSync(raw)

  const frames: CompressedFrame[] = []
  // Three of them leave no room for a fourth.
  for (let each = 0; each < 3; each += 1) frames.push(await compressor.compress(raw))
  for (const frame of frames.slice(1)) frame.release()
  const whole = zstdDecompressSync(frames[0]?.bytes ?? raw)
  frames[0]?.release()
  compressor.takeBack(raw)

  expect(whole.equals(raw)).toBe(true)
  expect(frames.map(({ bytes }) => bytes.byteLength)).toEqual([0, 0, 0])
  expect(compressor.lend()).toBe(raw)
})
