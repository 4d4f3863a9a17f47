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
export async function* receiveBody(
  request: IncomingMessage,
  { graceMs, leastBytesPerSecond }: Pace,
): ByteStream {
  /** How long the sender may still let us wait. */
  let leftMs = graceMs
  for (;;) {
    const chunk: Buffer | null = request.read()
    if (chunk !== null) {
      leftMs += (chunk.byteLength / leastBytesPerSecond) * 1000
      yield chunk
    } else if (request.readableEnded) return
    else leftMs -= await waitForMore(request, leftMs)
  }
}

/** @returns how many milliseconds that took. */
async function waitForMore(request: IncomingMessage, leftMs: number): Promise<number> {
  const startedAt = performance.now()
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => finish(tooSlow()), Math.max(1, leftMs))
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
  return performance.now() - startedAt
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
