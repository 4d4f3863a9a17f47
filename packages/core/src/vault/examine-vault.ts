import { statSync, statfsSync } from 'node:fs'
import type { StatsFs } from 'node:fs'
import { setAsideAudit } from '../store/audit/set-aside-audit.ts'
import type { BrokenAudit } from '../store/audit/set-aside-audit.ts'
import { verifyAudit } from '../store/audit/verify-audit.ts'
import type { AuditVerdict } from '../store/audit/verify-audit.ts'
import type { Finding } from '../store/repair/findings.ts'
import { verifyStore } from '../store/repair/verify-store.ts'
import type { StoreVerification } from '../store/repair/verify-store.ts'
import type { Store } from '../store/store.ts'
import type { Vault } from './vault.ts'

/** The state of a vault and of its machine. */
export interface Examination {
  readonly sqliteVersion: string
  /** Whether the store can only be read. */
  readonly isReadOnly: boolean
  /** Free space for this user on the file system of the cache directory. */
  readonly freeBytes: number
  /** Whether users other than the owner can write to the cache directory, and so decide what is restored. */
  readonly isWritableByOthers: boolean
  readonly store: StoreVerification
  readonly audit: AuditVerdict
  /** What was wrong with an audit log that was set aside, and the new names of its files. */
  readonly auditSetAside?: { readonly found: BrokenAudit; readonly files: readonly string[] }
}

/**
 * Checks everything that can be wrong with a vault, and reads every byte that it stores. With `repair`, repairs what it
 * can, and drops the rest so that it is stored again.
 */
export async function examineVault(
  vault: Vault,
  options: { readonly repair: boolean },
): Promise<Examination> {
  const { store } = vault
  const { cacheDirectory, database } = store
  const verification = await verifyStore(store, options)
  const { audit, auditSetAside } = examineAudit(store, options)
  const version = database.prepare('SELECT sqlite_version() AS version').get()?.['version']
  return {
    sqliteVersion: String(version),
    isReadOnly: database.isReadOnly,
    freeBytes: freeBytesOf(statfsSync(cacheDirectory)),
    isWritableByOthers: (statSync(cacheDirectory).mode & OTHERS_WRITE) !== 0,
    store: verification,
    audit,
    ...(auditSetAside !== undefined && { auditSetAside }),
  }
}

function examineAudit(
  store: Store,
  { repair }: { readonly repair: boolean },
): Pick<Examination, 'audit' | 'auditSetAside'> {
  const audit = verifyAudit(store)
  if (!repair || audit.kind === 'sound' || store.database.isReadOnly) return { audit }
  const files = setAsideAudit(store, audit)
  return { audit: verifyAudit(store), auditSetAside: { found: audit, files } }
}

/** Whether something still needs attention; what a repair has fixed does not. */
export function isBroken(findings: readonly Finding[], audit: AuditVerdict): boolean {
  return audit.kind === 'broken' || findings.some(({ kind }) => kind !== 'file-unknown')
}

/** Windows has no such bit, and reports it as the owner's. */
const OTHERS_WRITE = process.platform === 'win32' ? 0 : 0o002

function freeBytesOf({ bavail, bsize }: StatsFs): number {
  return bavail * bsize
}
