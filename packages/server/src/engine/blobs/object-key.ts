import { randomBytes } from 'node:crypto'

/**
 * A new place for bytes of a tenant. It is never used twice: whoever deletes an object by its key cannot
 * hit one that came later under the same name.
 */
export function createObjectKey(tenantId: string): string {
  const random = randomBytes(20).toString('hex')
  return `${tenantId}/${random.slice(0, 2)}/${random.slice(2)}`
}
