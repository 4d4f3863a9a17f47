import type { X509Certificate } from 'node:crypto'

/* Node puts a value in quotes, as JSON does, when it has what could be taken for the next name. */
const NAME = /([A-Za-z][A-Za-z ]*):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/y

/**
 * The URIs among the alternative names of a certificate's subject. The common name is never read:
 * authorities check it less than these.
 */
export function urisOfCertificate({ subjectAltName }: X509Certificate): readonly string[] {
  return urisOf(subjectAltName ?? '')
}

/** The same, of the text that Node has for them; nothing of a text that is not all names. */
export function urisOf(subjectAltName: string): readonly string[] {
  const uris: string[] = []
  NAME.lastIndex = 0
  while (NAME.lastIndex < subjectAltName.length) {
    const found = NAME.exec(subjectAltName)
    if (found === null) return []
    const [, kind = '', value = ''] = found
    if (kind === 'URI') uris.push(value.startsWith('"') ? (JSON.parse(value) as string) : value)
  }
  return uris
}
