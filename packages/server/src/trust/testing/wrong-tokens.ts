import type { Claims } from '../model/claims.ts'
import type { SignOptions } from './token-issuer.ts'

/** When the tokens are presented, in seconds. */
export const NOW_S = 1_800_000_000
export const AUDIENCE = 'https://cache.example.com'
export const ISSUER = 'https://token.actions.githubusercontent.com'

/** Each is the good token but for one thing. */
export const WRONG_CLAIMS: readonly (readonly [string, Claims])[] = [
  ['no issuer', { iss: undefined }],
  ['an unknown issuer', { iss: 'https://evil.example.com' }],
  ['an issuer with a slash at the end', { iss: `${ISSUER}/` }],
  ['an issuer in capitals', { iss: ISSUER.toUpperCase() }],
  ['an issuer that only begins so', { iss: `${ISSUER}.evil.example.com` }],
  [
    'an issuer behind a user name',
    { iss: 'https://token.actions.githubusercontent.com@evil.example.com' },
  ],
  ['a list of issuers', { iss: [ISSUER] }],
  ['the issuer of another platform', { iss: 'https://gitlab.example.com' }],
  ['no audience', { aud: undefined }],
  ['an empty audience', { aud: '' }],
  ['another audience', { aud: 'https://github.com/acme' }],
  ['an audience with a slash at the end', { aud: `${AUDIENCE}/` }],
  ['the audience of another issuer here', { aud: 'https://other.example.com' }],
  ['our audience and another one', { aud: [AUDIENCE, 'https://other.example.com'] }],
  ['our audience twice', { aud: [AUDIENCE, AUDIENCE] }],
  ['an empty list of audiences', { aud: [] }],
  ['an audience that is an object', { aud: { 0: AUDIENCE } }],
  ['a number for an audience', { aud: 1 }],
  ['no expiry', { exp: undefined }],
  ['expired a minute ago', { exp: NOW_S - 60 }],
  ['expired long ago', { exp: 1 }],
  ['an expiry that is text', { exp: String(NOW_S + 300) }],
  ['an expiry that is null', { exp: null }],
  ['an expiry that is true', { exp: true }],
  ['not valid for another minute', { nbf: NOW_S + 60 }],
  ['a beginning that is text', { nbf: 'now' }],
  ['no time of issue', { iat: undefined }],
  ['issued an hour ago', { iat: NOW_S - 3600 }],
  ['issued in an hour', { iat: NOW_S + 3600 }],
  ['a time of issue that is text', { iat: String(NOW_S) }],
  ['no id', { jti: undefined }],
  ['an empty id', { jti: '' }],
  ['an id that is a number', { jti: 5 }],
  ['an id that is a list', { jti: ['good'] }],
  ['a runner’s token, where none are taken', { ac: '[]' }],
]

export const WRONG_HEADERS: readonly (readonly [string, SignOptions['header']])[] = [
  ['no type', { typ: undefined as never }],
  ['the type of an access token', { typ: 'at+jwt' }],
  ['the type of a logout token', { typ: 'logout+jwt' }],
  ['the type of a security event', { typ: 'secevent+jwt' }],
  ['an empty type', { typ: '' }],
  ['a key id that is not there', { kid: 'key-99' }],
  ['a key id that leaves its place', { kid: '../../etc/passwd' }],
  ['a key id that is a statement', { kid: "' or '1'='1" }],
  ['an address of keys', { jku: 'https://evil.example.com/jwks' }],
  ['an address of a certificate', { x5u: 'https://evil.example.com/cert' }],
  ['a certificate', { x5c: ['MIIB'] }],
  ['a key', { jwk: { kty: 'RSA', n: 'AQAB', e: 'AQAB' } }],
]
