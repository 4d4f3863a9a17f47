import { crc32 } from 'node:zlib'

/** The parts of a key or a session's token. */
export interface SecretToken {
  /** Says which row to compare with; no secret. */
  readonly id: string
  /** All of the token, as it was given. */
  readonly text: string
}

/** What a token begins with, so that whoever finds one knows what it is. */
export type TokenPrefix = 'tv' | 'tvs'

const ID_BYTES = 12
const SECRET_BYTES = 32
const SHAPE = /^(tvs?)_([0-9a-f]{24})_([A-Za-z0-9_-]{43})([0-9a-f]{8})$/

/**
 * `tv_<id>_<256 random bits><checksum>`. The checksum is no defence: it lets a scanner of logs and
 * repositories tell a leaked key from a text that only looks like one, without asking anybody.
 */
export function createSecretToken(
  prefix: TokenPrefix,
  randomBytes: (size: number) => Buffer,
): SecretToken {
  const id = randomBytes(ID_BYTES).toString('hex')
  const body = `${prefix}_${id}_${randomBytes(SECRET_BYTES).toString('base64url')}`
  return { id, text: `${body}${checksumOf(body)}` }
}

/** Undefined unless `text` is shaped like a token and its checksum is right. */
export function parseSecretToken(prefix: TokenPrefix, text: string): SecretToken | undefined {
  const [, found, id, secret, checksum] = SHAPE.exec(text) ?? []
  if (found !== prefix || id === undefined || secret === undefined) return undefined
  return checksum === checksumOf(`${prefix}_${id}_${secret}`) ? { id, text } : undefined
}

function checksumOf(body: string): string {
  return crc32(body).toString(16).padStart(8, '0')
}
