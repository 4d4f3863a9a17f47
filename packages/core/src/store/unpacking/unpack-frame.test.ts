import { randomBytes } from 'node:crypto'
import { zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { nameFailure, unpackFrame, unpackFrameBeside } from './unpack-frame.ts'

test.each<readonly [string, (stored: Buffer) => Buffer]>([
  ['is cut off', (stored) => stored.subarray(0, -5)],
  ['begins with something else', (stored) => Buffer.concat([Buffer.from('x'), stored])],
  ['goes on behind its end', (stored) => Buffer.concat([stored, randomBytes(9)])],
  ['is empty', () => Buffer.alloc(0)],
  ['holds more than it should', () => zstdCompressSync(Buffer.alloc(2_000_000))],
])('a frame that %s is damaged', async (_, spoil) => {
  const raw = randomBytes(10_000)
  const frame = { storedBytes: 0, rawBytes: raw.length, codec: 'zstd' } as const
  const stored = zstdCompressSync(raw)
  expect(unpackFrame(frame, stored).equals(raw)).toBe(true)
  expect((await unpackFrameBeside(frame, stored)).equals(raw)).toBe(true)

  const damaged = expect.objectContaining({ code: 'BLOB_CORRUPT' })
  expect(() => unpackFrame(frame, spoil(stored))).toThrow(damaged)
  await expect(unpackFrameBeside(frame, spoil(stored))).rejects.toThrow(damaged)
})

test.each([
  Object.assign(new Error('Allocation error'), { code: 'ZSTD_error_memory_allocation' }),
  Object.assign(new Error('Initialization failed'), { code: 'ERR_ZLIB_INITIALIZATION_FAILED' }),
  new RangeError('Array buffer allocation failed'),
])('no memory to unpack it does not make a frame damaged: %s', (error) => {
  expect(nameFailure(error).code).toBe('IO_FAILED')
})
