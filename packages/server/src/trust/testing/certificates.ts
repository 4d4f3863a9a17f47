import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/** What stands in a certificate. */
export interface CertificateRequest {
  /** Common name of its subject. */
  readonly name: string
  /** URIs, and names of hosts, among the alternative names of its subject. */
  readonly uris?: readonly string[]
  readonly hosts?: readonly string[]
  readonly validFromMs?: number
  readonly validToMs?: number
  /** Who signs it; by default it signs itself, and is an authority. */
  readonly authority?: Certificate
}

export interface Certificate {
  readonly name: string
  /** In PEM. */
  readonly certificate: string
  readonly key: string
}

const DAY_MS = 24 * 3_600_000

/** Makes an X.509 certificate with a new key (ECDSA on P-256), as an authority would. */
export function createCertificate(request: CertificateRequest): Certificate {
  const { name, authority, validFromMs = Date.now() - DAY_MS } = request
  const { validToMs = Date.now() + DAY_MS } = request
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ECDSA_WITH_SHA256,
    nameOf(authority?.name ?? name),
    sequence(timeOf(validFromMs), timeOf(validToMs)),
    nameOf(name),
    publicKey.export({ format: 'der', type: 'spki' }),
    tagged(0xa3, sequence(...extensionsOf(request))),
  )
  const signer = authority === undefined ? privateKey : createPrivateKey(authority.key)
  return {
    name,
    certificate: pemOf('CERTIFICATE', signed(body, signer)),
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  }
}

function signed(body: Buffer, key: KeyObject): Buffer {
  return sequence(body, ECDSA_WITH_SHA256, bits(sign('sha256', body, key)))
}

function extensionsOf({ uris = [], hosts = [], authority }: CertificateRequest): readonly Buffer[] {
  const names = [
    ...uris.map((uri) => tagged(0x86, Buffer.from(uri))),
    ...hosts.map((host) => tagged(0x82, Buffer.from(host))),
    ...(hosts.length === 0 ? [] : [tagged(0x87, Buffer.from([127, 0, 0, 1]))]),
  ]
  return [
    ...(authority === undefined
      ? [extension('2.5.29.19', sequence(tagged(0x01, Buffer.from([0xff]))))]
      : []),
    ...(names.length === 0 ? [] : [extension('2.5.29.17', sequence(...names))]),
  ]
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(identifier(id), tagged(0x04, value))
}

const ECDSA_WITH_SHA256 = sequence(identifier('1.2.840.10045.4.3.2'))

function nameOf(text: string): Buffer {
  const pair = sequence(identifier('2.5.4.3'), tagged(0x0c, Buffer.from(text)))
  return sequence(tagged(0x31, pair))
}

/** `20270115080000Z`. */
function timeOf(timeMs: number): Buffer {
  const text = new Date(timeMs).toISOString().replace(/[-:T]|\.\d+/g, '')
  return tagged(0x18, Buffer.from(text))
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts))
}

function integer(bytes: Buffer): Buffer {
  return tagged(0x02, bytes)
}

function bits(bytes: Buffer): Buffer {
  return tagged(0x03, Buffer.concat([Buffer.from([0]), bytes]))
}

function identifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return tagged(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(inSevens)]))
}

/** Seven bits a byte, the highest first; all but the last are marked. */
function inSevens(value: number): readonly number[] {
  const digits = [value & 0x7f]
  for (let left = value >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80)
  return digits
}

/** Tag, length, value: the one form of DER. */
function tagged(tag: number, value: Buffer): Buffer {
  const { length } = value
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(head), value])
}

function pemOf(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}
