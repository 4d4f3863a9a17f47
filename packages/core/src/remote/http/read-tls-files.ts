import { X509Certificate, createPrivateKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { TaskVaultError, asTaskVaultError } from '../../errors.ts'

/** Paths of files in PEM. */
export interface TlsFiles {
  /** Authorities to trust besides those that Node trusts. */
  readonly ca?: string | undefined
  /** Who we are, to a server that asks. Neither is of use without the other one. */
  readonly certificate?: string | undefined
  readonly key?: string | undefined
}

/** What the files say, under the names that Node gives it. */
export interface TlsTexts {
  readonly ca?: string[]
  readonly cert?: string
  readonly key?: string
}

const CERTIFICATES = /-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----.*?-----END \1-----/gs

/**
 * Everything is checked here, because Node says nothing of a text without any certificate, and of a key
 * that is none only what its parser stumbled over, once for each connection.
 * @throws {TaskVaultError} IO_FAILED, PERMISSION_DENIED, CONFIG_INVALID naming the file.
 */
export async function readTlsFiles({ ca, certificate, key }: TlsFiles): Promise<TlsTexts> {
  const own = readOwn(certificate, key)
  if (ca === undefined) return own
  const authorities = readPem(ca)
  parseCertificates(ca, authorities)
  const { getCACertificates } = await import('node:tls')
  return { ca: [...getCACertificates('default'), authorities], ...own }
}

function readOwn(certificate: string | undefined, key: string | undefined): TlsTexts {
  if (certificate === undefined && key === undefined) return {}
  if (certificate === undefined || key === undefined)
    throw invalid('remote.certificate and remote.key are of use together only')
  const [cert, secret] = [readPem(certificate), readPem(key)]
  const [first] = parseCertificates(certificate, cert)
  if (!first.checkPrivateKey(parseKey(key, secret)))
    throw invalid(`The key in ${key} is not the one of the certificate in ${certificate}`)
  return { cert, key: secret }
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw asTaskVaultError(error, `read ${path}`)
  }
}

function parseCertificates(path: string, text: string): [X509Certificate, ...X509Certificate[]] {
  try {
    const [first, ...others] = text.match(CERTIFICATES) ?? []
    if (first !== undefined)
      return [new X509Certificate(first), ...others.map((other) => new X509Certificate(other))]
  } catch (error) {
    throw invalid(`A certificate in ${path} is damaged`, error)
  }
  throw invalid(`There is no certificate in PEM in ${path}`)
}

function parseKey(path: string, text: string): KeyObject {
  try {
    return createPrivateKey(text)
  } catch (error) {
    // What the parser says is not told: nothing of a key belongs in a message.
    throw invalid(`There is no private key in PEM, or one with a passphrase, in ${path}`, error)
  }
}

function invalid(message: string, cause?: unknown): TaskVaultError {
  return new TaskVaultError('CONFIG_INVALID', message, {
    hint: 'Correct `remote.ca`, `remote.certificate` or `remote.key` in the configuration, or the file.',
    cause,
  })
}
