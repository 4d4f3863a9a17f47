import { readFileSync } from 'node:fs'
import { TaskVaultError, asTaskVaultError } from '../../errors.ts'
import { checkCertificates, checkKeyPair } from './check-pem.ts'
import type { PemFile } from './check-pem.ts'

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

/** @throws {TaskVaultError} IO_FAILED, PERMISSION_DENIED, CONFIG_INVALID naming the file. */
export async function readTlsFiles({ ca, certificate, key }: TlsFiles): Promise<TlsTexts> {
  const own = readOwn(certificate, key)
  if (ca === undefined) return own
  const authorities = readPem(ca)
  checkCertificates(authorities)
  const { getCACertificates } = await import('node:tls')
  return { ca: [...getCACertificates('default'), authorities.text], ...own }
}

function readOwn(certificatePath: string | undefined, keyPath: string | undefined): TlsTexts {
  if (certificatePath === undefined && keyPath === undefined) return {}
  if (certificatePath === undefined || keyPath === undefined) {
    throw new TaskVaultError(
      'CONFIG_INVALID',
      'remote.certificate and remote.key must be given together',
      { hint: 'Name both in the configuration, or neither.' },
    )
  }
  const [certificate, key] = [readPem(certificatePath), readPem(keyPath)]
  checkKeyPair(certificate, key)
  return { cert: certificate.text, key: key.text }
}

function readPem(path: string): PemFile {
  try {
    return { path, text: readFileSync(path, 'utf8') }
  } catch (error) {
    throw asTaskVaultError(error, `read ${path}`)
  }
}
