import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Has `closeIdleConnections` wait for answers that are on their way. Node counts a connection as idle once
 * the last byte of its answer was handed to the socket, which may hold megabytes that a slow client has
 * yet to take: closing it then cuts the answer. Whoever closes calls again, until all are sent.
 */
export function keepAnswersWhole(server: Server): void {
  // Connections are noted, and not answers: these come by the thousand on each.
  const open = new Set<Socket>()
  const note = (socket: Socket): void => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  }
  // With TLS, a socket over the other one holds what is not sent.
  server.on('connection', note).on('secureConnection', note)
  const closeIdle = server.closeIdleConnections.bind(server)
  server.closeIdleConnections = () => {
    if (!open.values().some(({ writableLength }) => writableLength > 0)) closeIdle()
  }
}
