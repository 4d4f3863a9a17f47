import { TaskVaultError } from '../../errors.ts'

/** What requests to a bucket are signed with. Never shown. */
export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string | undefined
}

/**
 * Reads the variables that every tool for S3 reads.
 * @throws {TaskVaultError} REMOTE_REFUSED when they are not set.
 */
export function readS3Credentials(
  env: Readonly<Record<string, string | undefined>>,
): S3Credentials {
  const [accessKeyId, secretAccessKey] = [env['AWS_ACCESS_KEY_ID'], env['AWS_SECRET_ACCESS_KEY']]
  if (accessKeyId && secretAccessKey) {
    return { accessKeyId, secretAccessKey, sessionToken: env['AWS_SESSION_TOKEN'] || undefined }
  }
  throw new TaskVaultError('REMOTE_REFUSED', 'There are no credentials for the bucket', {
    hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN for temporary ones).',
  })
}
