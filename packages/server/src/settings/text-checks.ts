import { checkText } from '@taskvault/core/config'
import type { Check } from '@taskvault/core/config'

/* Texts of the server's configuration that have a shape. */

export const someText: Check<string> = checkText('a non-empty string', (text) => text.trim() !== '')
export const httpUrl: Check<string> = checkText(
  'an address that begins with https:// or http://',
  (text) => ['https:', 'http:'].includes(URL.parse(text)?.protocol ?? ''),
)
const plainDatabaseUrl: Check<string> = checkText(
  'sqlite:/path/to/file.db or postgres://user@host/name',
  (text) => /^(sqlite:.|postgres(ql)?:\/\/.)/.test(text),
)
/** What is refused is shown, and this may hold a password. */
export const databaseUrl: Check<string> = (node, path, reading) => {
  const isMasked = node.kind === 'scalar' && /:.*@/.test(String(node.value))
  const isWrong = isMasked && !/^postgres(ql)?:\/\/./.test(String(node.value))
  return plainDatabaseUrl(isWrong ? { ...node, value: '…@…' } : node, path, reading)
}
export const bucketUrl: Check<string> = checkText('s3://bucket/prefix?endpoint=https://…', (text) =>
  /^s3:\/\/./.test(text),
)
