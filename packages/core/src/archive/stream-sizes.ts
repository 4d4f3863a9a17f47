/** Node's own 16 KiB would cost a turn of the event loop each. */
export const PIECE_BYTES: number = 256 * 1024

/** For Node's streams that compress and unpack: with as little ahead as they have by themselves, their thread waits. */
export const STREAM_SIZES: { readonly chunkSize: number; readonly highWaterMark: number } = {
  chunkSize: PIECE_BYTES,
  highWaterMark: 4 * 1024 * 1024,
}
