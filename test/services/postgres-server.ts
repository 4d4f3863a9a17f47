import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { connect } from 'node:net'
import { idsOf } from './debian-package.ts'
import { startTied } from './tied-process.ts'
import type { TiedProcess } from './tied-process.ts'
import { waitUntil } from './wait-until.ts'

/** One running server. */
export interface PostgresServer {
  /** Its own immediate shutdown: SIGKILL of the parent would leave its children behind for a while. */
  kill(): Promise<void>
}

export interface PostgresPlace {
  /** For sockets. */
  readonly root: string
  readonly data: string
  readonly port: number
  readonly isDurable: boolean
}

export async function startPostgresServer(place: PostgresPlace): Promise<PostgresServer> {
  const server = await startTied({
    command: commandLine(place),
    directory: place.root,
    ...idsOf('postgres'),
  })
  const isReady = async (): Promise<boolean> => {
    if (server.hasEnded()) throw new Error(`PostgreSQL ended: ${server.said()}`)
    return isOpen(server) && (await canConnect(place.port))
  }
  await waitUntil(isReady, { timeoutMs: 30_000, tell: server.said })
  return { kill: async () => await server.end('SIGQUIT') }
}

function commandLine({ root, data, port, isDurable }: PostgresPlace): [string, ...string[]] {
  const settings = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${root}`,
    `fsync=${isDurable ? 'on' : 'off'}`,
    'shared_buffers=32MB',
    'max_connections=60',
    'deadlock_timeout=100ms',
    'logging_collector=off',
  ]
  const options = settings.flatMap((setting) => ['-c', setting])
  return [postgresProgram('postgres'), '-D', data, ...options]
}

/** Said once recovery is over, and not before. */
function isOpen({ said }: TiedProcess): boolean {
  return /ready to accept (?:read-only )?connections/.test(said())
}

async function canConnect(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

/** Debian keeps each version's programs apart, and off the PATH. */
export function postgresProgram(name: string): string {
  const found = globSync(`/usr/lib/postgresql/*/bin/${name}`).toSorted()
  return found.at(-1) ?? `/usr/lib/postgresql/bin/${name}`
}

/** Runs one of its programs to its end; throws what it said when it fails. */
export function runPostgresProgram(name: string, args: readonly string[]): void {
  const ids = idsOf('postgres')
  const ended = spawnSync(postgresProgram(name), args, { cwd: '/', encoding: 'utf8', ...ids })
  if (ended.status !== 0) throw new Error(`${name} failed: ${ended.stderr || ended.error}`)
}
