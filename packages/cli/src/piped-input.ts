import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { systemErrorCode } from '@taskvault/core'
import { isFed } from './is-fed.ts'

/** What was read of standard input. */
export interface PipedInput {
  readonly bytes: Buffer
  /** Whether that is all of it. */
  readonly isWhole: boolean
}

const STDIN = 0
const PIECE_BYTES = 64 * 1024

/**
 * Reads standard input to its end without a stream, which takes longer to make than a hook has to do
 * otherwise. Undefined where nobody is who could give anything. What does not come at once, as far as the
 * system lets that be known, is left to a stream, beside which one can say that one waits.
 */
export function readPipedInput(): PipedInput | undefined {
  if (!isFed(STDIN)) return undefined
  const descriptor = openUnblocked()
  try {
    return readAll(descriptor)
  } finally {
    if (descriptor !== STDIN) closeSync(descriptor)
  }
}

/** Standard input, through a descriptor of our own where a pipe can be read without waiting for it. */
function openUnblocked(): number {
  try {
    if (!fstatSync(STDIN).isFIFO()) return STDIN
    // Where this opens the same pipe anew, as on Linux. Elsewhere it is a copy, which waits as ever.
    return openSync('/dev/stdin', constants.O_RDONLY | constants.O_NONBLOCK)
  } catch {
    // Somebody else's pipe, or a system without that name: then it is waited for.
    return STDIN
  }
}

/** Git starts the hook and then writes its list, which is there before we are. */
const PATIENCE_MS = 100
const PAUSE_MS = 2

function readAll(descriptor: number): PipedInput {
  const pieces: Buffer[] = []
  const read = (isWhole: boolean): PipedInput => ({ bytes: Buffer.concat(pieces), isWhole })
  for (let waitedMs = 0; ;) {
    const piece = Buffer.allocUnsafe(PIECE_BYTES)
    try {
      const length = readSync(descriptor, piece)
      if (length === 0) return read(true)
      pieces.push(piece.subarray(0, length))
    } catch (error) {
      const code = systemErrorCode(error)
      // A pipe that was closed, as Windows tells it.
      if (code === 'EOF') return read(true)
      if (code !== 'EAGAIN' || waitedMs >= PATIENCE_MS) return read(false)
      pause()
      waitedMs += PAUSE_MS
    }
  }
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS)
}
