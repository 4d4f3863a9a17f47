import { TaskVaultError } from '../../errors.ts'
import { checkObjectPrefix } from '../objects/object-key.ts'

/** Where a bucket is, and which of its objects are meant. */
export interface S3Location {
  readonly bucket: string
  /** What all keys begin with: empty, or segments with `/` at the end. */
  readonly prefix: string
  /** Addresses of objects begin with this and end with their key, prefix included. */
  readonly baseUrl: URL
  readonly region: string
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads `s3://bucket/prefix?endpoint=https://…&region=…`. Without an endpoint, AWS is meant. An endpoint is
 * asked by path (`https://host/bucket/key`), which needs no name for each bucket.
 * @param env AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_REGION and AWS_DEFAULT_REGION speak for what
 * the address leaves open.
 * @throws {TaskVaultError} ARGUMENT_INVALID
 */
export function parseS3Location(address: string, env: Environment): S3Location {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url?.protocol !== 's3:') throw invalid(address, 'it does not begin with s3://')
  if (url.username !== '' || url.password !== '')
    throw invalid('s3://…', 'it must not contain credentials; set AWS_ACCESS_KEY_ID instead')
  const unknown = [...url.searchParams.keys()].find((key) => !['endpoint', 'region'].includes(key))
  if (unknown !== undefined) throw invalid(address, `it has no parameter "${unknown}"`)
  const bucket = url.hostname
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket))
    throw invalid(address, 'a bucket has 3 to 63 letters, digits, dots and hyphens')
  // CI systems set a variable to nothing where what it is made of is not there.
  const read = (parameter: string, ...variables: string[]): string | undefined =>
    [url.searchParams.get(parameter), ...variables.map((name) => env[name]?.trim())].find(
      Boolean,
    ) ?? undefined
  const region = read('region', 'AWS_REGION', 'AWS_DEFAULT_REGION') ?? 'us-east-1'
  if (!/^[\w.-]+$/.test(region)) throw invalid(address, `"${region}" is not a region`)
  const endpoint = read('endpoint', 'AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL')
  return {
    bucket,
    prefix: readPrefix(url.pathname),
    baseUrl: baseUrlOf({ bucket, endpoint, region, address }),
    region,
  }
}

function readPrefix(pathname: string): string {
  const segments = pathname.split('/').filter((segment) => segment !== '')
  const prefix = segments.map((segment) => `${segment}/`).join('')
  checkObjectPrefix(prefix)
  return prefix
}

interface Place {
  readonly bucket: string
  readonly endpoint: string | undefined
  readonly region: string
  readonly address: string
}

function baseUrlOf({ bucket, endpoint, region, address }: Place): URL {
  if (endpoint === undefined) {
    // A certificate for *.s3.… covers no name with further dots.
    const host = `s3.${region}.amazonaws.com`
    return new URL(
      bucket.includes('.') ? `https://${host}/${bucket}/` : `https://${bucket}.${host}/`,
    )
  }
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw invalid(
      address,
      'its endpoint, or AWS_ENDPOINT_URL, is not an http:// or https:// address',
    )
  return new URL(`${url.origin}${url.pathname.replace(/\/*$/, '/')}${bucket}/`)
}

function invalid(address: string, because: string): TaskVaultError {
  return new TaskVaultError(
    'ARGUMENT_INVALID',
    `Not the address of a bucket: ${address}: ${because}`,
    {
      hint: 'Write s3://bucket/prefix, and ?endpoint=https://… for a store that is not at AWS.',
    },
  )
}
