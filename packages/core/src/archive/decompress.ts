import { Readable, pipeline } from 'node:stream'
import type { Transform } from 'node:stream'
import { constants, createGunzip, createZstdDecompress } from 'node:zlib'
import { TaskVaultError } from '../errors.ts'
import { STREAM_SIZES } from './stream-sizes.ts'

const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])
const GZIP = Buffer.from([0x1f, 0x8b])
/** actions/cache compresses with `zstd --long=30`: that many bits of what came before may be referred to. */
const WINDOW_BITS = 30

/**
 * What was compressed with zstd or gzip, by how it begins. The stream ends with an error where the bytes do.
 * @throws {TaskVaultError} ENTRY_DAMAGED when it is neither; what `pieces` throws.
 */
export async function decompress(pieces: AsyncIterable<Uint8Array>): Promise<Readable> {
  const iterator = pieces[Symbol.asyncIterator]()
  let head = Buffer.alloc(0)
  while (head.length < ZSTD.length) {
    const step = await iterator.next()
    if (step.done === true) break
    head = Buffer.concat([head, step.value])
  }
  try {
    const decoder = createDecoder(head)
    const source = Readable.from(following(head, iterator), { objectMode: false })
    // Errors reach the reader through the last stream.
    return pipeline(source, decoder, () => {})
  } catch (error) {
    await iterator.return?.()
    throw error
  }
}

function createDecoder(head: Buffer): Transform {
  if (head.subarray(0, ZSTD.length).equals(ZSTD))
    return createZstdDecompress({
      ...STREAM_SIZES,
      params: { [constants.ZSTD_d_windowLogMax]: WINDOW_BITS },
    })
  if (head.subarray(0, GZIP.length).equals(GZIP)) return createGunzip(STREAM_SIZES)
  throw new TaskVaultError('ENTRY_DAMAGED', 'An archive is compressed neither with zstd nor gzip')
}

async function* following(
  head: Buffer,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield head
    for (;;) {
      const step = await rest.next()
      if (step.done === true) return
      yield step.value
    }
  } finally {
    // Whoever wants no more of it: the download ends with it.
    await rest.return?.()
  }
}
