import { readSync } from 'node:fs'
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
 * otherwise. Undefined where nobody is who could give anything. What does not come at once where
 * nobody may wait for it is left to a stream.
 */
export function readPipedInput(): PipedInput | undefined {
  if (!isFed(STDIN)) return undefined
  const pieces: Buffer[] = []
  const read = (isWhole: boolean): PipedInput => ({ bytes: Buffer.concat(pieces), isWhole })
  try {
    for (;;) {
      const piece = Buffer.allocUnsafe(PIECE_BYTES)
      const length = readSync(STDIN, piece)
      if (length === 0) return read(true)
      pieces.push(piece.subarray(0, length))
    }
  } catch (error) {
    // A pipe that was closed, as Windows tells it.
    return read(systemErrorCode(error) === 'EOF')
  }
}
