import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** What happens to the bytes of answers on their way; those of requests pass. */
export type Fault =
  | { readonly kind: 'none' }
  /** Nothing ever comes. */
  | { readonly kind: 'silence' }
  /** Goes silent after so many bytes of a connection's answers. */
  | { readonly kind: 'stall'; readonly afterBytes: number }
  /** One byte at a time. */
  | { readonly kind: 'trickle'; readonly everyMs: number }
  /** Ends connections after so many bytes of answers; `times` of them, then no more. */
  | { readonly kind: 'cut'; readonly afterBytes: number; readonly times: number }
  /** Changes one bit of each connection's answers. */
  | { readonly kind: 'flip'; readonly atByte: number }
  /** Answers itself, whatever is asked. */
  | { readonly kind: 'answer'; readonly bytes: string | Uint8Array }
  /** Takes no more than so many bytes of each connection's requests. */
  | { readonly kind: 'deaf'; readonly afterBytes: number }

/** A line to a server that can be as bad as lines are. */
export interface FaultyProxy extends AsyncDisposable {
  readonly port: number
  /** For connections from now on. */
  fault: Fault
  /** Bytes of answers that have passed. */
  passedBytes: number
  /** How often somebody connected. */
  connections: number
}

export async function startFaultyProxy(targetPort: number): Promise<FaultyProxy> {
  const open = new Set<Socket>()
  const server = createServer((client) => {
    open.add(client)
    proxy.connections += 1
    client.on('close', () => open.delete(client))
    client.on('error', () => {})
    void serve(proxy, client, targetPort)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy: FaultyProxy = {
    port: (server.address() as AddressInfo).port,
    fault: { kind: 'none' },
    passedBytes: 0,
    connections: 0,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  return proxy
}

async function serve(proxy: FaultyProxy, client: Socket, targetPort: number): Promise<void> {
  const { fault } = proxy
  if (fault.kind === 'silence') return
  if (fault.kind === 'answer') {
    client.once('data', () => client.end(fault.bytes))
    return
  }
  const target = connect(targetPort, '127.0.0.1')
  target.on('error', () => client.destroy())
  client.on('close', () => target.destroy())
  if (fault.kind === 'deaf') passSome(client, target, fault.afterBytes)
  else client.pipe(target)
  try {
    let bytes = 0
    for await (const chunk of target as AsyncIterable<Buffer>) {
      const isOver = await pass(proxy, { client, chunk, bytes, fault })
      if (isOver) return
      bytes += chunk.length
      proxy.passedBytes += chunk.length
    }
    client.end()
  } catch {
    client.destroy()
  }
}

function passSome(client: Socket, target: Socket, limit: number): void {
  let bytes = 0
  client.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > limit) client.pause()
    else target.write(chunk)
  })
}

interface Passing {
  readonly client: Socket
  readonly chunk: Buffer
  /** Passed before on this connection. */
  readonly bytes: number
  readonly fault: Fault
}

/** @returns whether nothing more is to pass. */
async function pass(proxy: FaultyProxy, passing: Passing): Promise<boolean> {
  const { client, chunk, bytes, fault } = passing
  const end = bytes + chunk.length
  if (fault.kind === 'stall' && end > fault.afterBytes) {
    client.write(chunk.subarray(0, Math.max(0, fault.afterBytes - bytes)))
    // Not ended, which would be an answer of a sort.
    await once(client, 'close')
    return true
  }
  if (fault.kind === 'cut' && fault.times > 0 && end > fault.afterBytes) {
    proxy.fault = { ...fault, times: fault.times - 1 }
    const { promise, resolve } = Promise.withResolvers<void>()
    client.write(chunk.subarray(0, fault.afterBytes - bytes), () => resolve())
    await promise
    client.destroy()
    return true
  }
  if (fault.kind === 'trickle') {
    for (const byte of chunk) {
      if (client.destroyed) return true
      client.write(Buffer.of(byte))
      await delay(fault.everyMs)
    }
    return false
  }
  if (fault.kind === 'flip' && bytes <= fault.atByte && fault.atByte < end) {
    const at = fault.atByte - bytes
    chunk.writeUInt8(chunk.readUInt8(at) ^ 1, at)
  }
  if (!client.write(chunk)) await Promise.race([once(client, 'drain'), once(client, 'close')])
  return false
}
