import { createReadStream, statSync } from 'node:fs'

/** Reads of more than 256 KiB at a time are slower by a factor of three; see docs/benchmarks.md. */
const READ_BYTES = 256 * 1024

/** Where content comes from that can be read once, from beginning to end. */
export type ByteStream = AsyncIterable<Uint8Array>

/**
 * Opens an input that is not a file or directory: `-` for standard input, a pipe such as `/dev/fd/63` (from the shell's
 * `<(…)`), a FIFO, or a device. Undefined for files and directories, and when the path does not exist. Name a file
 * called `-` as `./-`.
 */
export function openStream(path: string, standardInput: () => ByteStream): ByteStream | undefined {
  const descriptor = path === '-' ? 0 : inheritedDescriptor(path)
  if (descriptor === 0) return standardInput()
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined || stats.isFile() || stats.isDirectory()) return undefined
  // A socket under /dev/fd cannot be opened a second time by its name, only read as it is.
  return descriptor === undefined
    ? createReadStream(path, { highWaterMark: READ_BYTES })
    : createReadStream('', { fd: descriptor, highWaterMark: READ_BYTES })
}

/** The number of the descriptor that a path names, when we have inherited it. */
function inheritedDescriptor(path: string): number | undefined {
  if (path === '/dev/stdin') return 0
  const digits = /^\/(?:dev|proc\/self)\/fd\/(\d{1,6})$/.exec(path)?.[1]
  return digits === undefined ? undefined : Number(digits)
}
