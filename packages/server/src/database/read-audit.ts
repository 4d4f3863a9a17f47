import { FIRST_CHAIN, followChain } from '@taskvault/core'
import { auditHash } from './audit.ts'
import type { Database } from './schema.ts'

export interface AuditPage {
  /** The number of the line before the first one that is wanted; lines are numbered from 1. */
  readonly after: number
  readonly limit: number
}

export interface AuditRow {
  readonly number: number
  readonly line: string
}

/** How far a tenant's log holds. */
export interface AuditFinding {
  readonly lines: number
  /** The number of the first line that was changed, removed, added or moved; undefined: none. */
  readonly brokenAt: number | undefined
}

const LINES_AT_ONCE = 1_000

/** Follows the chain of a tenant's log from its first line to the end that the database remembers. */
export async function verifyAudit(database: Database, tenantId: string): Promise<AuditFinding> {
  const end = await readEnd(database, tenantId)
  let place = { lines: 0, chain: FIRST_CHAIN }
  while (place.lines < end.lines) {
    const limit = Math.min(LINES_AT_ONCE, end.lines - place.lines)
    const page = await readAudit(database, tenantId, { after: place.lines, limit })
    if (page.length === 0) break
    const text = Buffer.from(page.map(({ line }) => `${line}\n`).join(''))
    const followed = followChain(text, place, { hash: auditHash })
    place = { lines: followed.lines, chain: followed.chain }
    const last = page.at(-1)?.number
    if (followed.length < text.length || last !== place.lines) {
      return { lines: place.lines, brokenAt: place.lines + 1 }
    }
  }
  const isWhole =
    place.lines === end.lines && place.chain === end.chain && end.lastNumber === end.lines
  return { lines: place.lines, brokenAt: isWhole ? undefined : place.lines + 1 }
}

interface AuditEnd {
  readonly lines: number
  readonly chain: string
  /** Of the last line that is there. */
  readonly lastNumber: number
}

/** In one statement, and so of one moment: others add lines all the time. */
async function readEnd(database: Database, tenantId: string): Promise<AuditEnd> {
  const { lines, chain, lastNumber } = await database
    .selectNoFrom((of) => {
      const head = of.selectFrom('audit_heads').where('tenant_id', '=', tenantId)
      const rows = of.selectFrom('audit_lines').where('tenant_id', '=', tenantId)
      return [
        head.select('lines').as('lines'),
        head.select('chain').as('chain'),
        rows.select((row) => row.fn.max('number').as('number')).as('lastNumber'),
      ]
    })
    .executeTakeFirstOrThrow()
  return { lines: lines ?? 0, chain: chain ?? FIRST_CHAIN, lastNumber: lastNumber ?? 0 }
}

/** Lines of a tenant's log, in their order. */
export async function readAudit(
  database: Database,
  tenantId: string,
  { after, limit }: AuditPage,
): Promise<readonly AuditRow[]> {
  return await database
    .selectFrom('audit_lines')
    .select(['number', 'line'])
    .where('tenant_id', '=', tenantId)
    .where('number', '>', after)
    .orderBy('number')
    .limit(limit)
    .execute()
}
