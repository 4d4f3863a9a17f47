import type { HttpClient } from '../http/http-client.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import { readS3Credentials } from './s3-credentials.ts'
import { parseS3Location } from './s3-location.ts'
import { createS3ObjectStore } from './s3-object-store.ts'

export interface OpenS3Options {
  /** The AWS_… variables: credentials, and region and endpoint where the address has none. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** The caller's to dispose. */
  readonly http: HttpClient
}

/**
 * Opens the bucket at `s3://bucket/prefix?endpoint=https://…&region=…`, without a request yet.
 * @throws {TaskVaultError} ARGUMENT_INVALID for an invalid address; REMOTE_REFUSED without credentials.
 */
export function openS3ObjectStore(address: string, { env, http }: OpenS3Options): ObjectStore {
  const location = parseS3Location(address, env)
  return createS3ObjectStore({ location, credentials: readS3Credentials(env), http })
}
