import { TaskVaultError } from '@taskvault/core'
import type { ObjectStore } from '@taskvault/core'
import type { Database } from '../database/schema.ts'

/** An object that every server puts there: who finds it talks to the right store, and may read it. */
export const HEALTH_KEY = 'taskvault-server'

const CONTENT = Buffer.from('Objects of a TaskVault server. Their names are in its database.\n')

export async function markObjects(objects: ObjectStore): Promise<void> {
  if ((await objects.head(HEALTH_KEY)) !== undefined) return
  await objects.putIfAbsent(HEALTH_KEY, {
    sizeBytes: CONTENT.length,
    async *open() {
      yield CONTENT
    },
  })
}

/** @throws {TaskVaultError} DATABASE_UNAVAILABLE, REMOTE_UNAVAILABLE, … */
export async function checkHealth(database: Database, objects: ObjectStore): Promise<void> {
  const [, head] = await Promise.all([
    database.selectFrom('tenants').select('id').limit(1).execute(),
    objects.head(HEALTH_KEY),
  ])
  if (head !== undefined) return
  throw new TaskVaultError('REMOTE_REFUSED', 'The store of objects is not the one of this server', {
    hint: `It has no object ${HEALTH_KEY}: check the address of the bucket or folder.`,
  })
}
