import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerMetrics } from '../metrics/server-metrics.ts'
import type { Principal } from '../trust/principal.ts'
import { credentialsOf } from './callers/caller.ts'
import type { PrincipalCache } from './callers/principal-cache.ts'
import type { RateLimits } from './callers/rate-limits.ts'
import type { Drain } from './drain.ts'

/** An answer, ready to be sent. */
export interface QuickAnswer {
  readonly status: number
  /** As `writeHead` takes them: names and values in turn, `content-length` among them. */
  readonly headers: readonly string[]
  /** Text leaves in one piece with the headers. */
  readonly body: Buffer | string
  /** Of text: that nothing has to be encoded. */
  readonly isAscii?: boolean
}

/** What can answer a plain GET without the framework. */
export interface QuickQuestion {
  readonly protocol: string
  /** What metrics call it. */
  readonly operation: string
  /** Undefined: the framework has to answer, and nothing was done yet. */
  answer(who: Principal): Promise<QuickAnswer | undefined> | QuickAnswer | undefined
}

export interface QuickAnswersOptions {
  /** What a path asks for, if that can be answered here. */
  readonly recognize: (path: string) => QuickQuestion | undefined
  readonly principals: PrincipalCache
  readonly rates: RateLimits
  readonly metrics: ServerMetrics
  readonly drain: Drain
  readonly stallTimeoutMs: number
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void

/**
 * Answers the few requests that come by the thousand, from callers who are known, before the
 * framework sees them: its routing, hooks and serializing would be most of what these cost. Whatever is
 * unusual goes to `rest`, which answers the same with more words and more time.
 */
export function createQuickAnswers(options: QuickAnswersOptions, rest: Listener): Listener {
  const { recognize, principals, rates, metrics, drain, stallTimeoutMs } = options

  /** Gives what sends an answer to `question`. */
  function startSending(response: ServerResponse, { protocol, operation }: QuickQuestion) {
    const startedAt = performance.now()
    return ({ status, headers, body, isAscii }: QuickAnswer): void => {
      response.setTimeout(stallTimeoutMs)
      response.writeHead(status, headers as string[])
      if (isAscii) response.end(body, 'latin1')
      else response.end(body)
      const seconds = (performance.now() - startedAt) / 1000
      const outcome = status === 404 ? 'not-found' : 'ok'
      metrics.observe({ protocol, operation, outcome, seconds })
    }
  }

  return (request, response) => {
    if (drain.isDraining || !isPlain(request)) return rest(request, response)
    const question = recognize(request.url ?? '')
    if (question === undefined) return rest(request, response)
    const send = startSending(response, question)
    const who = principals.recall(credentialsOf({ raw: request }))
    if (who === undefined || !isWithin(rates, who)) return rest(request, response)
    counted.add(request)
    const answer = question.answer(who)
    if (answer === undefined) return rest(request, response)
    if (!(answer instanceof Promise)) return send(answer)
    answer.then(
      (found) => (found === undefined ? rest(request, response) : send(found)),
      // Asked again there, it fails again, and is answered and logged as everything that fails.
      () => rest(request, response),
    )
  }
}

/** Requests that count already, whoever answers them. */
const counted = new WeakSet<IncomingMessage>()

/** Whether a request was counted before the framework saw it. */
export function isCounted(request: IncomingMessage): boolean {
  return counted.has(request)
}

function isPlain({ method, headers }: IncomingMessage): boolean {
  return (
    method === 'GET' &&
    headers.host !== undefined &&
    headers.range === undefined &&
    headers['if-none-match'] === undefined &&
    headers['content-length'] === undefined &&
    headers['transfer-encoding'] === undefined &&
    headers.expect === undefined
  )
}

/** A refusal is the framework's to make. */
function isWithin(rates: RateLimits, who: Principal): boolean {
  try {
    rates.countRequest(who)
    return true
  } catch {
    return false
  }
}
