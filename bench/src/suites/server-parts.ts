import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Background, startBackground } from '../machine/background.ts'
import type { Metric, Sample } from '../measure/row.ts'
import { type Bench, execute, freshPath } from './bench.ts'
import { taskvault } from './taskvault.ts'

/** A TaskVault server of this session. */
export interface BenchServer {
  readonly pid: number
  readonly port: number
  readonly url: string
  readonly key: string
  stop(): void
}

/** Limits are against callers who ask too much, and this one does. */
const CONFIGURATION = 'limits: { requests_per_second: unlimited, bytes_per_second: unlimited }\n'

export interface ServerOptions {
  readonly name: string
  /** Added to the configuration of the server. */
  readonly configuration?: string
  readonly env?: Readonly<Record<string, string>>
}

export function startServer(bench: Bench, options: ServerOptions): BenchServer {
  const { name, configuration = '', env = {} } = options
  const directory = freshPath(bench, name)
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'server.yaml'), CONFIGURATION + configuration)
  const words = ['serve', '--port', '0', '--data', 'data', '--config', 'server.yaml', '--json']
  const started = startBackground(
    { ...taskvault(directory, ...words), env },
    { log: join(directory, 'log'), isReady: (output) => output.includes('\n') },
  )
  const { url, adminKey } = JSON.parse(started.output()) as { url: string; adminKey?: string }
  const key = keepKey(join(directory, 'key'), adminKey)
  return { pid: started.pid, port: Number(new URL(url).port), url, key, stop: started.stop }
}

/** A server tells its key once; the next one over the same data is asked with the one from then. */
function keepKey(file: string, told: string | undefined): string {
  if (told !== undefined) writeFileSync(file, told)
  return readFileSync(file, 'utf8')
}

/** A line between us and a server. */
export interface Line {
  readonly url: string
  stop(): void
}

export function startLine(
  bench: Bench,
  { to, oneWayMs }: { readonly to: BenchServer; readonly oneWayMs: number },
): Line {
  const args = [workerPath('line-worker'), String(to.port), String(oneWayMs)]
  const started = startBackground(
    { file: process.execPath, args, cwd: bench.work.fresh },
    { log: freshPath(bench, `line-${to.port}`), isReady: (output) => output.includes('\n') },
  )
  const { port } = JSON.parse(started.output()) as { readonly port: number }
  return { url: `http://127.0.0.1:${port}`, stop: started.stop }
}

/** Starts a worker that serves on `port`, and says `ready`. */
export function startPeer(bench: Bench, worker: string, port: number): Background {
  const args = [workerPath(worker), String(port)]
  return startBackground(
    { file: process.execPath, args, cwd: bench.work.fresh },
    { log: freshPath(bench, `${worker}.log`), isReady: (output) => output.includes('ready') },
  )
}

export interface Load {
  readonly port: number
  readonly path: string
  readonly bearer?: string
  readonly connections: number
}

const LOAD_SECONDS = 2

/** What a server answers when it is asked the same thing over and over. */
export function takeLoad(bench: Bench, load: Load): Sample {
  const result = freshPath(bench, 'load.json')
  const settings = JSON.stringify({ ...load, seconds: LOAD_SECONDS, result })
  const args = [workerPath('load-worker'), settings]
  execute(bench, { file: process.execPath, args, cwd: bench.work.fresh })
  return JSON.parse(readFileSync(result, 'utf8')) as Partial<Record<Metric, number>>
}

export interface Transfer {
  readonly kind: 'fill' | 'upload' | 'download' | 'direct'
  readonly sizes: readonly number[]
  /** Others give other bytes. */
  readonly seed: string
}

export interface Transferred {
  readonly token: string
  readonly names: readonly string[]
}

/** Moves blobs to or from a server. */
export function transfer(bench: Bench, { url, key }: BenchServer, moved: Transfer): Transferred {
  const result = freshPath(bench, 'transfer.json')
  const args = [workerPath('transfer-worker'), JSON.stringify({ url, key, ...moved, result })]
  execute(bench, { file: process.execPath, args, cwd: bench.work.fresh })
  return JSON.parse(readFileSync(result, 'utf8')) as Transferred
}

/** The program of a worker. */
export function workerPath(name: string): string {
  return fileURLToPath(new URL(`../workers/${name}.ts`, import.meta.url))
}
