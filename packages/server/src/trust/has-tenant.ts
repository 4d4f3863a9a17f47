import type { Database } from '../database/schema.ts'

/** Whether there is such a tenant. */
export async function hasTenant(database: Database, tenantId: string): Promise<boolean> {
  const tenant = await database
    .selectFrom('tenants')
    .select('id')
    .where('id', '=', tenantId)
    .executeTakeFirst()
  return tenant !== undefined
}
