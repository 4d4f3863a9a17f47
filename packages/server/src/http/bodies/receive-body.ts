import type { IncomingMessage } from 'node:http'
import type { ByteStream } from '@taskvault/core'
import { Refusal } from '../errors/refusal.ts'

/** How slowly a body may arrive. Time in which the server itself is busy does not count. */
export interface Pace {
  /** What a body may take whatever its size. */
  readonly graceMs: number
  readonly leastBytesPerSecond: number
}

/**
 * The body of a request as it arrives.
 * @throws {TaskVaultError} REQUEST_INVALID (408) when the sender is slower than `pace`, or (400) when it
 * hung up in the middle.
 */
export async function* receiveBody(request: IncomingMessage, pace: Pace): ByteStream {
  const patience = createPatience(pace)
  try {
    for (;;) {
      const chunk: Buffer | null = request.read()
      if (chunk !== null) {
        patience.credit(chunk.byteLength)
        yield chunk
      } else if (request.readableEnded) return
      else await waitForMore(request, patience)
    }
  } finally {
    patience.end()
  }
}

interface Patience {
  /** Milliseconds that the sender may still let us wait. */
  leftMs(): number
  credit(bytes: number): void
  spend(ms: number): void
  end(): void
}

function createPatience({ graceMs, leastBytesPerSecond }: Pace): Patience {
  let leftMs = graceMs
  return {
    leftMs: () => leftMs,
    credit: (bytes) => {
      leftMs += (bytes / leastBytesPerSecond) * 1000
    },
    spend: (ms) => {
      leftMs -= ms
    },
    end: () => {
      leftMs = 0
    },
  }
}

async function waitForMore(request: IncomingMessage, patience: Patience): Promise<void> {
  const startedAt = performance.now()
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => finish(tooSlow()), Math.max(1, patience.leftMs()))
    const finish = (failure?: Error): void => {
      clearTimeout(timer)
      request.off('readable', onMore).off('end', onMore).off('error', onLost).off('close', onLost)
      if (failure === undefined) resolve()
      else reject(failure)
    }
    const onMore = (): void => finish()
    const onLost = (): void => finish(hungUp())
    request.on('readable', onMore).on('end', onMore).on('error', onLost).on('close', onLost)
    if (request.destroyed && !request.readableEnded) onLost()
  })
  patience.spend(performance.now() - startedAt)
}

function tooSlow(): Refusal {
  return new Refusal('REQUEST_INVALID', 'The body arrived too slowly', {
    status: 408,
    hint: 'Try again over a faster connection.',
  })
}

function hungUp(): Refusal {
  return new Refusal('REQUEST_INVALID', 'The connection was closed before the body was complete', {
    status: 400,
  })
}
