import { createHash } from 'node:crypto'
import { FIRST_CHAIN, encodeAuditLine } from '@taskvault/core'
import type { AuditEvent, ChainHash } from '@taskvault/core'
import type { DatabaseTransaction } from './schema.ts'

/** What is recorded of one change. */
export interface AuditNote {
  readonly tenantId: string
  readonly events: readonly AuditEvent[]
  readonly nowMs: number
}

const LINES_AT_ONCE = 200

/**
 * Adds lines to a tenant's audit log, in the transaction of the change that they record: neither is
 * there without the other. Each line carries a chain value over all before it. Call it last: until the
 * commit, it keeps others from adding to the same log.
 */
export async function appendAudit(
  transaction: DatabaseTransaction,
  { tenantId, events, nowMs }: AuditNote,
): Promise<void> {
  if (events.length === 0) return
  let { lines, chain } = await lockHead(transaction, tenantId)
  const rows = events.map((event) => {
    const encoded = encodeAuditLine(event, { timeMs: nowMs, previous: chain, hash: auditHash })
    chain = encoded.chain
    lines += 1
    return { tenant_id: tenantId, number: lines, line: encoded.line.trimEnd() }
  })
  for (let at = 0; at < rows.length; at += LINES_AT_ONCE) {
    await transaction
      .insertInto('audit_lines')
      .values(rows.slice(at, at + LINES_AT_ONCE))
      .execute()
  }
  await transaction
    .updateTable('audit_heads')
    .set({ lines, chain })
    .where('tenant_id', '=', tenantId)
    .execute()
}

/** An update that changes nothing holds the row in both databases until the commit. */
async function lockHead(
  transaction: DatabaseTransaction,
  tenantId: string,
): Promise<{ readonly lines: number; readonly chain: string }> {
  return await transaction
    .insertInto('audit_heads')
    .values({ tenant_id: tenantId, lines: 0, chain: FIRST_CHAIN })
    .onConflict((conflict) =>
      conflict.column('tenant_id').doUpdateSet((row) => ({ lines: row.ref('audit_heads.lines') })),
    )
    .returning(['lines', 'chain'])
    .executeTakeFirstOrThrow()
}

/** Of the chain, as in the log of a store on disk. */
export const auditHash: ChainHash = (data) => createHash('sha256').update(data).digest('hex')
