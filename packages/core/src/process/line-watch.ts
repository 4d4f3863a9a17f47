import { stripVTControlCharacters } from 'node:util'
import type { LogStream } from '../model/recorded-log.ts'

/** Knows whether output that goes by ends in the middle of a line. */
export interface LineWatch {
  see(stream: LogStream, bytes: Uint8Array): void
  /** The stream whose line is not ended; control sequences, such as those for colours, are no part of a line. */
  readonly openLine: LogStream | undefined
}

/** More than the control sequences that programs end with. */
const TAIL_BYTES = 256

export function createLineWatch(): LineWatch {
  let last: LogStream | undefined
  let tail: Buffer = Buffer.alloc(0)
  return {
    see(stream, bytes) {
      last = stream
      const end = bytes.subarray(-TAIL_BYTES)
      tail = end.length < TAIL_BYTES ? Buffer.concat([tail, end]) : Buffer.from(end)
      if (tail.length > TAIL_BYTES) tail = tail.subarray(-TAIL_BYTES)
    },
    get openLine() {
      const shown = stripVTControlCharacters(tail.toString('latin1'))
      return shown === '' || shown.endsWith('\n') ? undefined : last
    },
  }
}
