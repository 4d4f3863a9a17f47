import { spawnSync } from 'node:child_process'
import { chownSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { idsOf, missingPackage } from './debian-package.ts'
import { findFreePort } from './free-port.ts'
import { startTied } from './tied-process.ts'
import type { TiedProcess } from './tied-process.ts'
import { waitUntil } from './wait-until.ts'

/** A PostgreSQL of its own, in a temporary directory, on loopback. */
export interface PostgresService extends AsyncDisposable {
  readonly port: number
  /** The address of a new, empty database. */
  createDatabase(name: string): string
  /** As after a loss of power: no goodbye to anybody, recovery at the next start. */
  kill(): Promise<void>
  start(): Promise<void>
}

export interface PostgresSettings {
  /** Whether commits reach the disk; without, tests are quicker. */
  readonly isDurable?: boolean
}

const SUPERUSER = 'taskvault'

/** Why there can be none on this machine; undefined when there can. */
export function missingPostgres(): string | undefined {
  return missingPackage([{ package: 'postgresql', paths: [binary('initdb')] }])
}

export async function startPostgres({
  isDurable = false,
}: PostgresSettings = {}): Promise<PostgresService> {
  const ids = idsOf('postgres')
  const root = mkdtempSync(join(tmpdir(), 'taskvault-postgres-'))
  if (ids !== undefined) chownSync(root, ids.uid, ids.gid)
  const remove = (): void => rmSync(root, { recursive: true, force: true })
  process.once('exit', remove)
  const data = join(root, 'data')
  run('initdb', [
    '-D',
    data,
    '-U',
    SUPERUSER,
    '-E',
    'UTF8',
    '--locale=C.UTF-8',
    '-A',
    'trust',
    '-N',
  ])

  const port = await findFreePort()
  let server: TiedProcess | undefined
  const start = async (): Promise<void> => {
    server = await startTied({ command: commandLine(), ...ids })
    const started = server
    await waitUntil(() => isReady(port, started), { timeoutMs: 30_000, tell: started.said })
  }
  await start()
  return {
    port,
    createDatabase(name) {
      run('createdb', ['-h', '127.0.0.1', '-p', String(port), '-U', SUPERUSER, name])
      return `postgres://${SUPERUSER}@127.0.0.1:${port}/${name}`
    },
    start,
    // Its own immediate shutdown: SIGKILL of the parent would leave its children behind for a while.
    kill: async () => await server?.end('SIGQUIT'),
    async [Symbol.asyncDispose]() {
      await server?.end('SIGQUIT')
      remove()
      process.off('exit', remove)
    },
  }

  function commandLine(): readonly [string, ...string[]] {
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
    return [binary('postgres'), '-D', data, ...settings.flatMap((setting) => ['-c', setting])]
  }

  function run(name: string, args: readonly string[]): void {
    const ended = spawnSync(binary(name), args, { cwd: '/', encoding: 'utf8', ...ids })
    if (ended.status !== 0) throw new Error(`${name} failed: ${ended.stderr ?? ended.error}`)
  }
}

/** Debian keeps each version's programs apart, and off the PATH. */
function binary(name: string): string {
  const found = globSync(`/usr/lib/postgresql/*/bin/${name}`).toSorted()
  return found.at(-1) ?? `/usr/lib/postgresql/bin/${name}`
}

async function isReady(port: number, server: TiedProcess): Promise<boolean> {
  if (server.hasEnded()) throw new Error(`PostgreSQL ended: ${server.said()}`)
  // Said once recovery is over, and not before.
  return server.said().includes('ready to accept connections') && (await canConnect(port))
}

async function canConnect(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
