import type { ObjectStore } from '@taskvault/core'
import type { Database } from '../database/schema.ts'
import type { HeldBlobs } from './blobs/held-blobs.ts'
import type { EngineOptions } from './engine-options.ts'
import type { RestoreLog } from './restore-log.ts'
import type { TenantPolicies } from './tenants.ts'
import type { UseCounts } from './use-counts.ts'

/** What the parts of an engine share. */
export interface EngineContext extends Omit<EngineOptions, 'database'> {
  readonly database: Database
  readonly objects: ObjectStore
  readonly tenants: TenantPolicies
  readonly uses: UseCounts
  readonly held: HeldBlobs
  readonly restores: RestoreLog
  readonly nextEntryId: () => string
}
