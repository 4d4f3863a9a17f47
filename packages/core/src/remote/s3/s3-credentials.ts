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
  // Secrets come out of files and forms with line ends around them, which no header can hold.
  const read = (name: string): string | undefined => env[name]?.trim() || undefined
  const accessKeyId = read('AWS_ACCESS_KEY_ID')
  const secretAccessKey = read('AWS_SECRET_ACCESS_KEY')
  if (accessKeyId !== undefined && secretAccessKey !== undefined)
    return { accessKeyId, secretAccessKey, sessionToken: read('AWS_SESSION_TOKEN') }
  throw new TaskVaultError('REMOTE_REFUSED', 'There are no credentials for the bucket', {
    hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN for temporary ones).',
  })
}
