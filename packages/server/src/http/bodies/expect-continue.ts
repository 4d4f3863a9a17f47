import type { IncomingMessage, ServerResponse } from 'node:http'

/*
 * A sender with `Expect: 100-continue` waits for our word before it sends a body: what is refused, or
 * known already, then never travels.
 */

const waiting = new WeakSet<IncomingMessage>()

/** Remembers that the sender of `request` waits. */
export function expectContinue(request: IncomingMessage): void {
  waiting.add(request)
}

/** Whether the sender still waits for `sendContinue`. */
export function isExpectingContinue(request: IncomingMessage): boolean {
  return waiting.has(request)
}

/** Asks for the body, if the sender waits for that. */
export function sendContinue(request: IncomingMessage, response: ServerResponse): void {
  if (waiting.delete(request)) response.writeContinue()
}
