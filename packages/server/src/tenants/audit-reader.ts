import { readAudit, verifyAudit } from '../database/read-audit.ts'
import type { AuditFinding, AuditPage, AuditRow } from '../database/read-audit.ts'
import type { Database } from '../database/schema.ts'

/** The audit logs of the tenants, to be read. */
export interface AuditReader {
  /** Lines in their order. */
  read(tenantId: string, page: AuditPage): Promise<readonly AuditRow[]>
  verify(tenantId: string): Promise<AuditFinding>
}

export function createAuditReader(database: Database): AuditReader {
  return {
    read: async (tenantId, page) => await readAudit(database, tenantId, page),
    verify: async (tenantId) => await verifyAudit(database, tenantId),
  }
}
