import { X509Certificate, createPrivateKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { TaskVaultError } from '../../errors.ts'

/* Node passes over a text without any certificate, and tells of a key what its parser stumbled over. */

export interface PemFile {
  readonly path: string
  readonly text: string
}

const CERTIFICATES = /-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----.*?-----END \1-----/gs

/** @throws {TaskVaultError} CONFIG_INVALID when the file has no certificate, or a damaged one. */
export function checkCertificates(file: PemFile): void {
  parseCertificates(file)
}

/**
 * Checks that the key belongs to the first certificate in the file; the rest of its chain follows.
 * @throws {TaskVaultError} CONFIG_INVALID naming the faulty file.
 */
export function checkKeyPair(certificate: PemFile, key: PemFile): void {
  const [first] = parseCertificates(certificate)
  if (first.checkPrivateKey(parseKey(key))) return
  throw invalid(`The key in ${key.path} does not belong to the certificate in ${certificate.path}`)
}

function parseCertificates({ path, text }: PemFile): [X509Certificate, ...X509Certificate[]] {
  const [first, ...others] = text.match(CERTIFICATES) ?? []
  if (first === undefined) throw invalid(`There is no PEM certificate in ${path}`)
  try {
    return [new X509Certificate(first), ...others.map((other) => new X509Certificate(other))]
  } catch (error) {
    throw invalid(`A certificate in ${path} is damaged`, error)
  }
}

function parseKey({ path, text }: PemFile): KeyObject {
  try {
    return createPrivateKey(text)
  } catch (error) {
    // What the parser says is not told: nothing of a key belongs in a message.
    throw invalid(`There is no PEM private key in ${path}, or it has a passphrase`, error)
  }
}

function invalid(message: string, cause?: unknown): TaskVaultError {
  return new TaskVaultError('CONFIG_INVALID', message, {
    hint: 'Correct the file, or its name in the configuration.',
    ...(cause !== undefined && { cause }),
  })
}
