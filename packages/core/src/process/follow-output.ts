import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

/** Reads one of a command's output streams. */
export interface OutputFollower {
  /** Waits for the rest of the output, after the command has ended. */
  finish(): Promise<void>
  /** Reads no further. */
  close(): void
}

const TICK_MS = 50
/** Ticks without output after which whoever holds the other end is taken for a background process. */
const QUIET_TICKS = 6
/** Ticks with output after which it must be a background process: the command's own is read by then. */
const MOST_TICKS = 40

/**
 * Hands `source` to `take` piece by piece, and reads no more while a promise of it is pending.
 *
 * A pipe ends when its last holder closes it, and a daemon that the command left behind (a compiler
 * server, a database) may hold it for hours. So after the command's end the follower waits for the
 * end of the pipe only for as long as it takes to read what the command itself can have written.
 */
export function followOutput(
  source: Readable,
  take: (bytes: Uint8Array) => Promise<void> | undefined,
): OutputFollower {
  let pieces = 0
  let isHeld = false
  const closed = new Promise<void>((resolve) => source.once('close', resolve))

  source.on('data', (bytes: Buffer) => {
    pieces += 1
    const taken = take(bytes)
    if (taken === undefined) return
    isHeld = true
    source.pause()
    void taken.finally(() => {
      isHeld = false
      source.resume()
    })
  })
  // A read fails only when the other end is gone in an unusual way; 'close' follows.
  source.on('error', () => {})

  const isIdle = async (): Promise<boolean> => {
    let quietTicks = 0
    for (let ticks = 0; ticks < MOST_TICKS && quietTicks < QUIET_TICKS;) {
      const before = pieces
      await delay(TICK_MS)
      if (source.closed) return true
      if (isHeld) continue
      ticks += 1
      quietTicks = pieces === before ? quietTicks + 1 : 0
    }
    return true
  }
  return {
    async finish() {
      await Promise.race([closed, isIdle()])
      source.destroy()
    },
    close() {
      source.destroy()
    },
  }
}
