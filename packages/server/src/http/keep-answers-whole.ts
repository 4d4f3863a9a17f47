import type { Server, ServerResponse } from 'node:http'

/**
 * Has `closeIdleConnections` wait for answers that are on their way. Node counts a connection as idle once
 * the last byte of its answer was handed to the socket, which may hold megabytes that a slow client has
 * yet to take: closing it then cuts the answer. Whoever closes calls again, until all are sent.
 */
export function keepAnswersWhole(server: Server): void {
  const begun = new Set<ServerResponse>()
  server.on('request', (_request, answer) => {
    begun.add(answer)
    answer.once('close', () => begun.delete(answer))
  })
  const closeIdle = server.closeIdleConnections.bind(server)
  server.closeIdleConnections = () => {
    if (!begun.values().some(isHalfSent)) closeIdle()
  }
}

function isHalfSent(answer: ServerResponse): boolean {
  return answer.writableEnded && !answer.writableFinished
}
