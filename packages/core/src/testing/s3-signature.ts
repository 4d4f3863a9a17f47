import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

export interface S3Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface ReceivedRequest {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string | undefined>>
}

/**
 * Checks the signature of a request as the documentation of AWS describes it ("Signature Version 4"),
 * from the outside: it shares nothing with what makes ours.
 * @returns what is wrong with it, as S3 names it; undefined when it is right.
 */
export function findSignatureFault(request: ReceivedRequest, keys: S3Keys): string | undefined {
  const claim = readClaim(request)
  if (claim === undefined) return 'AccessDenied'
  const [accessKeyId, date = '', region = '', service = ''] = claim.credential.split('/')
  if (accessKeyId !== keys.accessKeyId) return 'InvalidAccessKeyId'
  if (isLate(claim)) return 'AccessDenied'
  const required = Object.keys(request.headers).filter((name) => name.startsWith('x-amz-'))
  if (['host', ...required].some((name) => !claim.signedHeaders.includes(name)))
    return 'AccessDenied'
  const canonical = [
    request.method,
    encodePath(request.url.pathname),
    canonicalQuery(request.url),
    ...claim.signedHeaders.map(
      (name) => `${name}:${(request.headers[name] ?? '').trim().replaceAll(/\s+/g, ' ')}`,
    ),
    '',
    claim.signedHeaders.join(';'),
    claim.bodySha256,
  ].join('\n')
  const digest = createHash('sha256').update(canonical).digest('hex')
  const text = ['AWS4-HMAC-SHA256', claim.date, `${date}/${region}/${service}/aws4_request`, digest]
  const key = [date, region, service, 'aws4_request'].reduce<Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    Buffer.from(`AWS4${keys.secretAccessKey}`),
  )
  const expected = createHmac('sha256', key).update(text.join('\n')).digest()
  const given = Buffer.from(claim.signature, 'hex')
  const isRight = given.length === expected.length && timingSafeEqual(given, expected)
  return isRight ? undefined : 'SignatureDoesNotMatch'
}

interface Claim {
  readonly credential: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
  /** As in 20130524T000000Z. */
  readonly date: string
  readonly expiresInSeconds: number
  readonly bodySha256: string
}

function readClaim({ url, headers }: ReceivedRequest): Claim | undefined {
  const query = (name: string): string => url.searchParams.get(name) ?? ''
  const bodySha256 = headers['x-amz-content-sha256']
  if (url.searchParams.has('X-Amz-Signature')) {
    return {
      credential: query('X-Amz-Credential'),
      signedHeaders: query('X-Amz-SignedHeaders').split(';'),
      signature: query('X-Amz-Signature'),
      date: query('X-Amz-Date'),
      expiresInSeconds: Number(query('X-Amz-Expires')),
      bodySha256: bodySha256 ?? 'UNSIGNED-PAYLOAD',
    }
  }
  const [, credential, signedHeaders, signature] =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]+)$/.exec(
      headers['authorization'] ?? '',
    ) ?? []
  if (!credential || !signedHeaders || !signature || bodySha256 === undefined) return undefined
  return {
    credential,
    signedHeaders: signedHeaders.split(';'),
    signature,
    date: headers['x-amz-date'] ?? '',
    expiresInSeconds: 900,
    bodySha256,
  }
}

function isLate({ date, expiresInSeconds }: Claim): boolean {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? []
  const atMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  const ageSeconds = (Date.now() - atMs) / 1_000
  return Number.isNaN(ageSeconds) || ageSeconds > expiresInSeconds || ageSeconds < -900
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function encodePath(pathname: string): string {
  return pathname
    .split('/')
    .map((segment) => encode(decodeURIComponent(segment)))
    .join('/')
}

function canonicalQuery(url: URL): string {
  return [...url.searchParams]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .toSorted()
    .join('&')
}
