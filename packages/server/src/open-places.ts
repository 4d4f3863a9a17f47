import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  TaskVaultError,
  asTaskVaultError,
  checkCertificates,
  checkKeyPair,
  createFolderObjectStore,
  createHttpClient,
  ensureDirectory,
  openS3ObjectStore,
  systemErrorCode,
} from '@taskvault/core'
import type { ObjectStore, PemFile } from '@taskvault/core'
import type { TlsMaterial } from './http/node-server.ts'
import type { ServerSettings, TlsSettings } from './settings/server-settings.ts'
import { parseServerSecret, readServerSecret } from './trust/server-secret.ts'

/* What settings only name, opened. */

type Environment = Readonly<Record<string, string | undefined>>

/** Nobody but the server's user has anything to look for in it. */
export function makeDataDirectory({ dataDirectory }: ServerSettings): void {
  try {
    ensureDirectory(dataDirectory, 0o700)
  } catch (error) {
    throw asTaskVaultError(error, `make the directory ${dataDirectory}`)
  }
}

/** What seals the signing keys in the database: servers of one database share it. */
export function readSecret({ dataDirectory }: ServerSettings, env: Environment): Uint8Array {
  const given = env['TASKVAULT_SERVER_SECRET']
  if (given !== undefined && given !== '') return parseServerSecret(given)
  return readServerSecret(join(dataDirectory, 'secret'))
}

/** Connections of the server to its bucket: as many as callers may need at once. */
const BUCKET_CONNECTIONS = 64

/** The bucket, or the folder `blobs` of the data directory. What it holds open closes with `opening`. */
export function openObjects(
  { bucketUrl, dataDirectory }: ServerSettings,
  { env, opening }: { readonly env: Environment; readonly opening: AsyncDisposableStack },
): ObjectStore {
  if (bucketUrl === undefined) return createFolderObjectStore(join(dataDirectory, 'blobs'))
  const http = opening.use(createHttpClient({ connections: BUCKET_CONNECTIONS, env }))
  return openS3ObjectStore(bucketUrl, { env, http })
}

/** @throws {TaskVaultError} CONFIG_INVALID, PERMISSION_DENIED, IO_FAILED naming the file. */
export async function readTls(tls: TlsSettings | undefined): Promise<TlsMaterial | undefined> {
  if (tls === undefined) return undefined
  const { certificatePath, keyPath, clientAuthoritiesPath, requiresCertificate } = tls
  const [certificate, key] = await Promise.all([readPem(certificatePath), readPem(keyPath)])
  checkKeyPair(certificate, key)
  const own = { certificate: certificate.text, key: key.text }
  if (clientAuthoritiesPath === undefined) return own
  const authorities = await readPem(clientAuthoritiesPath)
  checkCertificates(authorities)
  return { ...own, clientAuthorities: authorities.text, requiresCertificate }
}

async function readPem(path: string): Promise<PemFile> {
  try {
    return { path, text: await readFile(path, 'utf8') }
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw asTaskVaultError(error, `read ${path}`)
    throw new TaskVaultError('CONFIG_INVALID', `There is no file ${path}`, {
      hint: 'Correct `tls` in the configuration of the server.',
      cause: error,
    })
  }
}

/** Why nothing can listen there, as something that can be mended. */
export function asListenFailure(error: unknown, address: string): TaskVaultError {
  const [what, hint] = LISTEN_FAILURES[systemErrorCode(error) ?? ''] ?? []
  if (what === undefined || hint === undefined)
    return asTaskVaultError(error, `listen on ${address}`)
  return new TaskVaultError('CONFIG_INVALID', `Could not listen on ${address}: ${what}`, {
    hint,
    cause: error,
  })
}

const LISTEN_FAILURES: Readonly<Record<string, readonly [string, string]>> = {
  EADDRINUSE: [
    'something else does',
    'Name another port with `--port`, or 0 for any that is free.',
  ],
  EACCES: ['this user may not', 'Name a port above 1023 with `--port`.'],
  EADDRNOTAVAIL: ['this machine has no such address', 'Correct `--host`.'],
  ENOTFOUND: ['there is no such name', 'Correct `--host`.'],
}
