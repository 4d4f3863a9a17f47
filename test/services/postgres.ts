import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { idsOf, missingPackage } from './debian-package.ts'
import { findFreePort } from './free-port.ts'
import { postgresProgram, runPostgresProgram, startPostgresServer } from './postgres-server.ts'
import type { PostgresServer } from './postgres-server.ts'

/** A PostgreSQL of its own, in a temporary directory, on loopback. */
export interface PostgresService extends AsyncDisposable {
  readonly port: number
  /** The address of a new, empty database. */
  createDatabase(name: string): string
  /** As after a loss of power: no goodbye to anybody, recovery at the next start. */
  kill(): Promise<void>
  start(): Promise<void>
  /**
   * A second one that follows this one; from then on, what is committed is in both. Disposed with this
   * one.
   */
  startStandby(): Promise<PostgresStandby>
}

export interface PostgresStandby {
  readonly port: number
  /** Lets it take writes from now on. */
  promote(): void
}

export interface PostgresSettings {
  /** Whether commits reach the disk; without, tests are quicker. */
  readonly isDurable?: boolean
}

const SUPERUSER = 'taskvault'

/** Why there can be none on this machine; undefined when there can. */
export function missingPostgres(): string | undefined {
  return missingPackage([{ package: 'postgresql', paths: [postgresProgram('initdb')] }])
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
  const encoding = ['-E', 'UTF8', '--locale=C.UTF-8']
  runPostgresProgram('initdb', ['-D', data, '-U', SUPERUSER, ...encoding, '-A', 'trust', '-N'])
  const port = await findFreePort()
  const place = { root, isDurable }
  let primary = await startPostgresServer({ ...place, data, port })
  const standbys: PostgresServer[] = []
  return {
    port,
    createDatabase(name) {
      runPostgresProgram('createdb', [...clientOptions(port), name])
      return `postgres://${SUPERUSER}@127.0.0.1:${port}/${name}`
    },
    async start() {
      primary = await startPostgresServer({ ...place, data, port })
    },
    kill: async () => await primary.kill(),
    async startStandby() {
      const standby = await createStandby({ root, isDurable, primaryPort: port })
      standbys.push(standby.server)
      return standby
    },
    async [Symbol.asyncDispose]() {
      for (const server of [...standbys, primary]) await server.kill()
      remove()
      process.off('exit', remove)
    },
  }
}

function clientOptions(port: number): readonly string[] {
  return ['-h', '127.0.0.1', '-p', String(port), '-U', SUPERUSER]
}

interface StandbyPlace {
  readonly root: string
  readonly isDurable: boolean
  readonly primaryPort: number
}

async function createStandby({
  root,
  isDurable,
  primaryPort,
}: StandbyPlace): Promise<PostgresStandby & { readonly server: PostgresServer }> {
  const port = await findFreePort()
  const data = join(root, `standby-${port}`)
  const primary = clientOptions(primaryPort)
  runPostgresProgram('pg_basebackup', [
    ...primary,
    '-D',
    data,
    '-R',
    '-X',
    'stream',
    '-c',
    'fast',
    '-N',
  ])
  const server = await startPostgresServer({ root, isDurable, data, port })
  // A commit waits for the standby: what was acknowledged outlives the primary.
  for (const statement of [
    "alter system set synchronous_standby_names = '*'",
    'select pg_reload_conf()',
  ]) {
    runPostgresProgram('psql', [...primary, '-d', 'postgres', '-qc', statement])
  }
  return {
    port,
    server,
    promote: () => runPostgresProgram('pg_ctl', ['promote', '-w', '-s', '-D', data]),
  }
}
