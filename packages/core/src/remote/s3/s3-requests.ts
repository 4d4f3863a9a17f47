import type { SignedRequest } from '../objects/object-store.ts'
import type { S3Credentials } from './s3-credentials.ts'
import type { S3Location } from './s3-location.ts'

export interface S3Request {
  readonly method: 'DELETE' | 'GET' | 'HEAD' | 'PUT'
  /** Without the location's prefix; undefined: the bucket itself. */
  readonly key?: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
}

/** Makes requests that a bucket accepts as ours. */
export interface S3Signer {
  /** For sending now, by us. */
  sign(request: S3Request): Promise<{ readonly url: URL; readonly headers: Record<string, string> }>
  /** For somebody else, who must send the headers as they are. */
  presign(
    request: S3Request & Pick<SignedRequest, 'method'>,
    expiresInSeconds: number,
  ): Promise<SignedRequest>
}

/** Of requests without a body. */
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

export function createS3Signer(location: S3Location, credentials: S3Credentials): S3Signer {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials
  const identity = {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken !== undefined && { sessionToken }),
    service: 's3',
    region: location.region,
    // Derived keys are good for a day; deriving one costs four times what a signature does.
    cache: new Map<string, ArrayBuffer>(),
  }
  return {
    async sign({ method, headers = {}, ...request }) {
      const { AwsV4Signer } = await import('aws4fetch')
      const signed = await new AwsV4Signer({
        ...identity,
        method,
        url: addressOf(location, request).href,
        headers: { 'x-amz-content-sha256': EMPTY_SHA256, ...headers },
      }).sign()
      return { url: signed.url, headers: Object.fromEntries(signed.headers) }
    },
    async presign({ method, headers = {}, ...request }, expiresInSeconds) {
      const { AwsV4Signer } = await import('aws4fetch')
      const url = addressOf(location, request)
      url.searchParams.set('X-Amz-Expires', String(expiresInSeconds))
      const signed = await new AwsV4Signer({
        ...identity,
        method,
        url: url.href,
        headers: { ...headers },
        signQuery: true,
        allHeaders: true,
      }).sign()
      return { method, url: signed.url.href, headers: Object.fromEntries(signed.headers) }
    },
  }
}

function addressOf(
  { baseUrl, prefix }: S3Location,
  { key, query = {} }: Omit<S3Request, 'method'>,
): URL {
  const url = new URL(key === undefined ? baseUrl : new URL(prefix + key, baseUrl))
  // Of a bucket that is named in the path, the address has no slash at its end.
  if (key === undefined && url.pathname !== '/') url.pathname = url.pathname.replace(/\/$/, '')
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  return url
}
