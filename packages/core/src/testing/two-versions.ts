import type { Checkout } from './checkout.ts'
import { sampleBytes } from './sample-blobs.ts'

/** Bytes that a tree of `writeVersion` has at least when it is packed. */
export const VERSION_BYTES = 5_000_000
/** More than comes of one when another is here: a frame of files, one of directories, and the index. */
export const VERSION_PART_BYTES = 1_500_000

/**
 * Writes a tree whose version shows in its first file, and at the beginning of a large one. Two machines that
 * save a version each have no pack in common, and nearly all contents.
 */
export function writeVersion(checkout: Checkout, version: number): void {
  checkout.write('out/0', sampleBytes(1_000, version))
  const start = sampleBytes(10_000, 10 + version)
  checkout.write('out/1 large', Buffer.concat([start, sampleBytes(3_000_000, 3)]))
  for (let index = 0; index < 8; index += 1)
    checkout.write(`out/2/${index}`, sampleBytes(250_000, 100 + index))
  checkout.write('out/2/empty', '')
}

/** How many bytes have come for the entry that came last. */
export function pulledBytes(checkout: Checkout): number {
  const [last = ''] =
    checkout
      .audit()
      .match(/SAVE pull .*/g)
      ?.slice(-1) ?? []
  return Number(/ bytes=(\d+)/.exec(last)?.[1])
}
