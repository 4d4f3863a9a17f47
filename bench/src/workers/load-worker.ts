/*
 * Asks a server the same thing over and over, on several connections at once, and writes what it
 * measured: answers per second and the median time of one. Reads raw sockets, because a client that
 * costs as much as the server would be most of what is measured.
 */
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { median } from '../measure/statistics.ts'

interface Job {
  readonly port: number
  readonly path: string
  readonly bearer?: string
  readonly connections: number
  readonly seconds: number
  readonly result: string
}

const job = JSON.parse(process.argv[2] ?? '') as Job
const authorization = job.bearer === undefined ? '' : `authorization: Bearer ${job.bearer}\r\n`
const request = `GET ${job.path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${authorization}\r\n`
const times: number[] = []
const endMs = performance.now() + job.seconds * 1000
await Promise.all(Array.from({ length: job.connections }, () => askUntilTheEnd()))
const figures = { opsPerSecond: times.length / job.seconds, p50Ms: median(times) }
writeFileSync(job.result, JSON.stringify(figures))

async function askUntilTheEnd(): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = connect(job.port, '127.0.0.1')
    let head = ''
    let missingBytes = 0
    let startedAt = 0
    const ask = (): void => {
      if (performance.now() >= endMs) return void socket.destroy()
      head = ''
      startedAt = performance.now()
      socket.write(request)
    }
    socket.setNoDelay()
    socket
      .on('connect', ask)
      .on('error', reject)
      .on('close', () => resolve())
    socket.on('data', (chunk) => {
      if (missingBytes > 0) missingBytes -= chunk.length
      else {
        head += chunk.toString('latin1')
        const end = head.indexOf('\r\n\r\n')
        if (end === -1) return
        missingBytes = lengthOf(head.slice(0, end)) - (head.length - end - 4)
      }
      if (missingBytes > 0) return
      times.push(performance.now() - startedAt)
      ask()
    })
  })
}

function lengthOf(head: string): number {
  if (!head.startsWith('HTTP/1.1 200 ')) throw new Error(`not the answer: ${head}`)
  return Number(/^content-length: (\d+)/im.exec(head)?.[1])
}
