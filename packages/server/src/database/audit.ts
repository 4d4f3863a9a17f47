import { createHash } from 'node:crypto'
import { FIRST_CHAIN, encodeAuditLine, followChain } from '@taskvault/core'
import type { AuditEvent, ChainHash } from '@taskvault/core'
import type { Database, DatabaseTransaction } from './schema.ts'

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
    const encoded = encodeAuditLine(event, { timeMs: nowMs, previous: chain, hash })
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

/** How far a tenant's log holds. */
export interface AuditFinding {
  readonly lines: number
  /** The number of the first line that was changed, removed, added or moved; undefined: none. */
  readonly brokenAt: number | undefined
}

/** Follows the chain of a tenant's log from its first line to the end that the database remembers. */
export async function verifyAudit(database: Database, tenantId: string): Promise<AuditFinding> {
  let place = { lines: 0, chain: FIRST_CHAIN }
  for (;;) {
    const page = await readPage(database, tenantId, place.lines)
    if (page.length === 0) break
    const text = Buffer.from(page.map(({ line }) => `${line}\n`).join(''))
    const followed = followChain(text, place, { hash })
    place = { lines: followed.lines, chain: followed.chain }
    const last = page.at(-1)?.number
    if (followed.length < text.length || last !== place.lines) {
      return { lines: place.lines, brokenAt: place.lines + 1 }
    }
  }
  const head = await database
    .selectFrom('audit_heads')
    .select(['lines', 'chain'])
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst()
  const isWhole = (head?.lines ?? 0) === place.lines && (head?.chain ?? FIRST_CHAIN) === place.chain
  return { lines: place.lines, brokenAt: isWhole ? undefined : place.lines + 1 }
}

async function readPage(
  database: Database,
  tenantId: string,
  after: number,
): Promise<readonly { readonly number: number; readonly line: string }[]> {
  return await database
    .selectFrom('audit_lines')
    .select(['number', 'line'])
    .where('tenant_id', '=', tenantId)
    .where('number', '>', after)
    .orderBy('number')
    .limit(1_000)
    .execute()
}

const hash: ChainHash = (data) => createHash('sha256').update(data).digest('hex')
