import { resolve } from 'node:path'
import { TaskVaultError } from '@taskvault/core'

export type DatabaseAddress =
  | { readonly kind: 'sqlite'; readonly file: string }
  /** One address for each host; whichever takes writes is used. */
  | { readonly kind: 'postgres'; readonly addresses: readonly string[] }

const POSTGRES = /^postgres(?:ql)?:\/\/(?:([^@/?#]*)@)?([^/?#]*)(\/[^#]*)?$/

/**
 * Reads where a database is: `sqlite:/var/lib/taskvault/server.db` (or `sqlite:relative.db`), or
 * `postgres://user:password@host1:5432,host2:5432/name?sslmode=verify-full`.
 * @throws {TaskVaultError} CONFIG_INVALID, without the address: it may hold a password.
 */
export function parseDatabaseUrl(url: string): DatabaseAddress {
  if (url.startsWith('sqlite:')) {
    const file = url.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '')
    if (file !== '' && !file.startsWith(':')) return { kind: 'sqlite', file: resolve(file) }
  }
  const [, user, hosts, rest = '/'] = POSTGRES.exec(url) ?? []
  if (hosts === undefined) throw unreadable()
  const addresses = hosts
    .split(',')
    .map((host) => `postgres://${user === undefined ? '' : `${user}@`}${host}${rest}`)
  if (!addresses.every((address) => URL.canParse(address))) throw unreadable()
  return { kind: 'postgres', addresses }
}

function unreadable(): TaskVaultError {
  return new TaskVaultError('CONFIG_INVALID', 'Cannot read the address of the database', {
    hint: 'Use sqlite:/path/to/file.db, or postgres://user:password@host1,host2/name.',
  })
}
