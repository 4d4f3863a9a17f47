import { setTimeout as delay } from 'node:timers/promises'
import { encodeRecordForSigning } from '@taskvault/core'
import type { RecordSignature } from '@taskvault/core'
import type { Logger } from 'pino'
import { openDatabase } from './database/open-database.ts'
import type { OpenDatabase } from './database/open-database.ts'
import { createEngine } from './engine/create-engine.ts'
import { DEFAULT_TIMES } from './engine/engine-options.ts'
import type { EngineEvent } from './engine/engine-options.ts'
import type { StoredEntry } from './engine/engine.ts'
import { createOpenAuthenticator } from './http/callers/open-authenticator.ts'
import { createHttpServer } from './http/create-server.ts'
import type { HttpServer } from './http/create-server.ts'
import { createServerMetrics } from './metrics/server-metrics.ts'
import type { ServerMetrics } from './metrics/server-metrics.ts'
import {
  asListenFailure,
  makeDataDirectory,
  openObjects,
  readSecret,
  readTls,
} from './open-places.ts'
import { createActionsCacheProtocol } from './protocols/actions-cache/actions-cache-protocol.ts'
import { nativeProtocol } from './protocols/native/native-protocol.ts'
import { recordOf } from './protocols/native/record-of.ts'
import type { ServerSettings } from './settings/server-settings.ts'
import { createAuditReader } from './tenants/audit-reader.ts'
import { createTenants } from './tenants/tenants.ts'
import { createAuthenticator } from './trust/authenticator.ts'
import type { Authenticator } from './trust/authenticator.ts'
import { createSigner } from './trust/signing-keys.ts'
import type { Signer } from './trust/signing-keys.ts'

export interface StartServerOptions {
  readonly settings: ServerSettings
  readonly logger: Logger
  /** Credentials of the bucket (AWS_…), proxies, and TASKVAULT_SERVER_SECRET. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export interface RunningServer {
  /** Where callers reach it: `http://127.0.0.1:9999`. */
  readonly url: string
  /** The key of its administrator, when this start made the first one; nobody can be told it again. */
  readonly adminKey: string | undefined
  /** Says that it is about to end, lets running requests end, and closes everything. */
  close(): Promise<void>
}

/**
 * Puts a server together and starts to listen.
 * @throws {TaskVaultError} CONFIG_INVALID; DATABASE_UNAVAILABLE, FORMAT_UNSUPPORTED; what the bucket or the
 * machine refuse.
 */
export async function startServer(options: StartServerOptions): Promise<RunningServer> {
  await using opening = new AsyncDisposableStack()
  const { settings, logger } = options
  const { http, authenticator } = await openParts(options, opening)
  const url = await listen(http, settings)
  opening.defer(async () => await http.close(0))
  const created = settings.isAuthenticated ? await authenticator.keys.createFirst() : undefined
  const running = opening.move()
  let ended: Promise<void> | undefined
  const end = async (): Promise<void> => {
    logger.info('ending: no new connections, running requests end first')
    http.startDraining()
    await delay(settings.drainNoticeMs)
    try {
      await http.close(settings.drainMs)
    } finally {
      await running.disposeAsync()
    }
    logger.info('ended')
  }
  return { url, adminKey: created?.secret, close: () => (ended ??= end()) }
}

interface Parts {
  readonly http: HttpServer
  readonly authenticator: Authenticator
}

/** Each part is closed after those that use it. */
async function openParts(
  options: StartServerOptions,
  opening: AsyncDisposableStack,
): Promise<Parts> {
  const { settings, logger, env, now } = options
  makeDataDirectory(settings)
  const tls = await readTls(settings.tls)
  const secret = readSecret(settings, env)
  const database = opening.use(await openDatabase(settings.databaseUrl))
  const signer = createSigner({ database: database.database, secret, now })
  const metrics = createServerMetrics(async () => await sumStoredBytes(database))
  const engine = await createEngine({
    database,
    objects: openObjects(settings, { env, opening }),
    isDirect: settings.isDirect,
    temporaryDirectory: settings.dataDirectory,
    limits: settings.engine,
    times: DEFAULT_TIMES,
    signEntry: async (tenantId, entry) => await signEntry(signer, tenantId, entry),
    report: createReport(logger, metrics),
    now,
  })
  opening.use(engine)
  // With another secret than the database's it could sign nothing: told now, and not to each save.
  await signer.publicKeys('default')
  const trust = { database: database.database, settings: settings.trust, now }
  const known = createAuthenticator(trust)
  const authenticator = settings.isAuthenticated ? known : createOpenAuthenticator(known, now)
  const http = await createHttpServer({
    ...settings,
    engine,
    authenticator,
    tenants: createTenants({ ...trust, keys: known.keys }),
    audit: createAuditReader(database.database),
    publicKeys: signer.publicKeys,
    protocols: [nativeProtocol, createActionsCacheProtocol(secret)],
    metrics,
    tls,
    logger,
    now,
  })
  return { http, authenticator }
}

async function listen(http: HttpServer, { host, port }: ServerSettings): Promise<string> {
  try {
    return await http.listen({ host, port })
  } catch (error) {
    throw asListenFailure(error, `${host}:${port}`)
  }
}

/** Only records of our own protocol have a form that clients verify. */
async function signEntry(
  signer: Signer,
  tenantId: string,
  entry: Omit<StoredEntry, 'signature'>,
): Promise<RecordSignature | undefined> {
  const record = recordOf({ ...entry, signature: undefined })
  return record && (await signer.sign(tenantId, encodeRecordForSigning(record)))
}

async function sumStoredBytes({ database }: OpenDatabase): Promise<number> {
  const row = await database
    .selectFrom('scopes')
    .select((of) => of.fn.sum('used_bytes').as('bytes'))
    .executeTakeFirst()
  return Number(row?.bytes ?? 0)
}

function createReport(logger: Logger, metrics: ServerMetrics): (event: EngineEvent) => void {
  return (event) => {
    switch (event.kind) {
      case 'evicted':
        metrics.countEvictions(event.entries)
        return logger.info(event, 'entries made room')
      case 'collected':
        return logger.info(event, 'objects that nobody needs were deleted')
      case 'lost':
        return logger.error(event, 'an object is gone that should be there')
      case 'damaged':
        return logger.error(event, 'an object was damaged, and is removed with its entries')
      case 'trouble':
        return logger.error(
          { err: event.error, doing: event.doing },
          'work beside the requests failed',
        )
    }
  }
}
